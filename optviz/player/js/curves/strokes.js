// How a curve is drawn: its colour, its line, its band, its markers.

import { inside } from "../canvas/layers.js";
import { drawMarker } from "../canvas/marks.js";
import { layerColor } from "../canvas/palette.js";

/** @import { Frame } from "../canvas/frame.js" */
/** @import { Context, Rect } from "../canvas/layers.js" */
/** @import { Style } from "../data/message.js" */
/** @import { Scale } from "../data/scales.js" */
/** @import { Line, Series, Share } from "../data/series.js" */

/**
 * Where a panel's curves lie.
 * @typedef {object} Plot
 * @property {Rect} rect
 * @property {Scale} xs
 * @property {Scale} ys
 * @property {Map<Series, Share>} shares curves that lie on each other
 * @property {number} ratio of the screen's pixels to the page's
 */
/** @typedef {{alpha: number, width: number}} Look */

/** @type {Partial<Record<Style, number[]>>} */
const STYLE_DASH = { dashed: [6, 4], dots: [1, 4] };
const DASH = 9; // pixels of each colour where curves lie on each other
const MARK_ROOM = 11; // pixels between two markers of a curve
const BEYOND = 1e5; // pixels; no line goes on farther outside its panel

/**
 * A layer's colour tells its depth, every other curve's its run.
 * @type {(series: Series, frame: Frame) => string}
 */
export function inkOf({ run, depth }, { runs, theme }) {
  return depth === null ? runs[run].ink : layerColor(theme.dark, depth);
}

/**
 * Draws with everything outside a plot cut off.
 * @type {(ctx: Context, rect: Rect, draw: () => void) => void}
 */
export function clipped(ctx, rect, draw) {
  // a line along the edge is drawn whole
  inside(ctx, { x: rect.x, y: rect.y - 3, w: rect.w + 1, h: rect.h + 4 }, draw);
}

/**
 * A piece of a curve, from one of its points to before another.
 * @param {Context} ctx
 * @param {Plot} plot
 * @param {Series} series
 * @param {Line} line its middle, or one of the lines behind it
 * @param {number} from
 * @param {number} to
 * @param {Look} look
 * @param {Frame} frame
 */
export function strokeLine(ctx, plot, series, line, from, to, { alpha, width }, frame) {
  const { xs } = plot;
  const { dash } = frame.runs[series.run];
  ctx.globalAlpha = alpha;
  ctx.strokeStyle = inkOf(series, frame);
  ctx.lineWidth = width * frame.scale;
  ctx.lineJoin = "round";
  // round ends hide the joints of a line drawn piece by piece
  const solid = alpha === 1 && !dash.length && series.style === "solid";
  ctx.lineCap = solid || series.style === "dots" ? "round" : "butt";
  // dashes of a line that turns within a pixel would be a fog
  const dense = line.length > 3 * Math.abs(xs.to - xs.from);
  const plain = dense || series.thin || series.depth !== null;
  const turns = plain ? null : turnsOf(plot, series, frame.scale);
  ctx.setLineDash(turns?.dash || STYLE_DASH[series.style] || (plain ? [] : dash));
  // a pattern that runs with x stays in place however the line is cut into segments
  const along = from > 0 ? xs.px(series.x ? series.x[from] : from) - xs.from : 0;
  ctx.lineDashOffset = along + (turns?.offset ?? 0);
  ctx.beginPath();
  traceLine(ctx, plot, line, series.x, from, to);
  ctx.stroke();
  ctx.setLineDash([]);
  const marked = series.style === "dots" || series.style === "points";
  if (marked && width > 1) drawPoints(ctx, plot, series, line, from, to, frame);
  ctx.globalAlpha = 1;
}

/**
 * A curve that is one number throughout, from one step to another.
 * @param {Context} ctx
 * @param {Plot} plot
 * @param {Series} series
 * @param {number} value
 * @param {number} from
 * @param {number} to
 * @param {Look} look
 * @param {Frame} frame
 */
export function strokeLevel(ctx, plot, series, value, from, to, { alpha, width }, frame) {
  const { xs, ys, ratio } = plot;
  // pieces that end on whole pixels join without a trace
  const [begin, end] = [from, to].map((step) => Math.round(xs.px(step) * ratio) / ratio);
  if (end <= begin) return;
  const turns = turnsOf(plot, series, frame.scale);
  const y = ys.px(value);
  ctx.globalAlpha = alpha;
  ctx.strokeStyle = inkOf(series, frame);
  ctx.lineWidth = width * frame.scale;
  ctx.lineCap = "butt";
  ctx.setLineDash(turns?.dash || frame.runs[series.run].dash);
  ctx.lineDashOffset = begin - xs.from + (turns?.offset ?? 0);
  ctx.beginPath();
  ctx.moveTo(begin, y);
  ctx.lineTo(end, y);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
}

/**
 * The pattern of a curve that lies on others, so that each shows in its turn.
 * @type {(plot: Plot, series: Series, scale: number) => {dash: number[], offset: number} | null}
 */
function turnsOf(plot, series, scale) {
  const share = plot.shares.get(series);
  if (!share) return null;
  const length = DASH * scale;
  return { dash: [length, length * (share.of - 1)], offset: -share.place * length };
}

/**
 * The area between a series' least and greatest value; none where either is no number.
 * @type {(ctx: Context, plot: Plot, series: Series, color: string) => void}
 */
export function fillBand(ctx, { xs, ys }, series, color) {
  if (!series.band) return;
  const [low, high] = series.band;
  const { lo, hi } = ys;
  /** @param {number} value */
  const px = (value) =>
    ys.px(value === Infinity ? hi + (hi - lo) * 9 : value === -Infinity ? lo : value);
  /** @param {number} i */
  const at = (i) => xs.px(series.x ? series.x[i] : i);
  ctx.fillStyle = color;
  for (const [from, to] of stretches(low.length, (i) => low[i] === low[i] && high[i] === high[i])) {
    ctx.beginPath();
    for (let i = from; i < to; i++) ctx.lineTo(at(i), px(high[i]));
    for (let i = to - 1; i >= from; i--) ctx.lineTo(at(i), px(low[i]));
    ctx.fill();
  }
}

/**
 * Where a condition holds without a break: `[[from, to)]`.
 * @type {(count: number, holds: (i: number) => boolean) => [number, number][]}
 */
export function stretches(count, holds) {
  /** @type {[number, number][]} */
  const found = [];
  for (let i = 0; i < count; i++) {
    if (!holds(i)) continue;
    const last = found[found.length - 1];
    if (last && last[1] === i) last[1] = i + 1;
    else found.push([i, i + 1]);
  }
  return found;
}

/**
 * Markers on points [from, to) of a line.
 * @param {Context} ctx
 * @param {Plot} plot
 * @param {Series} series
 * @param {Line} line
 * @param {number} from
 * @param {number} to
 * @param {Frame} frame
 */
function drawPoints(ctx, { xs, ys }, series, line, from, to, frame) {
  const { runs, scale, theme } = frame;
  const ink = inkOf(series, frame);
  /** @param {number} i */
  const place = (i) => xs.px(series.x ? series.x[i] : i);
  // markers that would lie on each other tell nothing; counted from the start, they stay in place
  const between = Math.abs(place(line.length - 1) - place(0)) / Math.max(1, line.length - 1);
  const every = between > 0 ? Math.ceil((MARK_ROOM * scale) / between) : 1;
  const { marker } = runs[series.run];
  for (let i = Math.ceil(from / every) * every; i < to; i += every)
    if (Number.isFinite(line[i]))
      drawMarker(ctx, marker, place(i), ys.px(line[i]), 3.4 * scale, ink, theme.background, 1);
}

/**
 * Adds a line through points [from, to) to the path; gaps where a value is not finite. With many
 * points on each pixel only the extremes of a pixel column are drawn.
 * @param {Context} ctx
 * @param {Plot} plot
 * @param {Line} y
 * @param {Line | null} x
 * @param {number} from
 * @param {number} to
 */
export function traceLine(ctx, { xs, ys }, y, x, from, to) {
  const n = to - from;
  if (n <= 0) return;
  /** @param {number} i */
  const at = (i) => xs.px(x ? x[i] : i);
  /** @param {number} v */
  const cap = (v) => (v > BEYOND ? BEYOND : v < -BEYOND ? -BEYOND : v);
  const across = Math.abs(at(to - 1) - at(from)) + 1;
  let open = false;
  if (n < across * 4) {
    for (let i = from; i < to; i++) {
      const value = y[i];
      if (!Number.isFinite(value)) {
        open = false;
        continue;
      }
      if (open) ctx.lineTo(at(i), cap(ys.px(value)));
      else ctx.moveTo(at(i), cap(ys.px(value)));
      open = true;
    }
    return;
  }
  let i = from;
  while (i < to) {
    const column = Math.floor(at(i));
    let [low, high, first, last] = [Infinity, -Infinity, NaN, NaN];
    for (; i < to && Math.floor(at(i)) === column; i++) {
      const value = y[i];
      if (!Number.isFinite(value)) continue;
      const px = cap(ys.px(value));
      if (first !== first) first = px;
      last = px;
      if (px < low) low = px;
      if (px > high) high = px;
    }
    if (first !== first) {
      open = false;
      continue;
    }
    for (const px of [first, low, high, last])
      if (open) ctx.lineTo(column + 0.5, px);
      else {
        ctx.moveTo(column + 0.5, px);
        open = true;
      }
  }
}
