// Pieces of a curve's picture: its colour, its band, its markers.

import { drawMarker } from "../canvas/marks.js";
import { layerColor } from "../canvas/palette.js";

const MARK_ROOM = 11; // pixels between two markers of a curve

/** A layer's colour tells its depth, every other curve's its run. */
export function inkOf({ run, depth }, { runs, theme }) {
  return depth === null ? runs[run].ink : layerColor(theme.dark, depth);
}

/** The area between a series' least and greatest value; none where either is no number. */
export function fillBand(ctx, series, xs, ys, color) {
  const [low, high] = series.band;
  const { lo, hi } = ys;
  const beyond = new Map([[Infinity, hi + (hi - lo) * 9], [-Infinity, lo]]);
  const limit = (value) => beyond.get(value) ?? value;
  const at = (i) => xs.px(series.x ? series.x[i] : i);
  ctx.fillStyle = color;
  for (const [from, to] of stretches(low.length, (i) => low[i] === low[i] && high[i] === high[i])) {
    ctx.beginPath();
    for (let i = from; i < to; i++) ctx.lineTo(at(i), ys.px(limit(high[i])));
    for (let i = to - 1; i >= from; i--) ctx.lineTo(at(i), ys.px(limit(low[i])));
    ctx.fill();
  }
}

/** Where a condition holds without a break: `[[from, to)]`. */
export function stretches(count, holds) {
  const found = [];
  for (let i = 0; i < count; i++) {
    if (!holds(i)) continue;
    const last = found[found.length - 1];
    if (last && last[1] === i) last[1] = i + 1;
    else found.push([i, i + 1]);
  }
  return found;
}

/** Markers on points [from, to) of a line. */
export function drawPoints(ctx, series, line, from, to, xs, ys, frame) {
  const { runs, scale, theme } = frame;
  const ink = inkOf(series, frame);
  const place = (i) => xs.px(series.x ? series.x[i] : i);
  // markers that would lie on each other tell nothing; counted from the start, they stay in place
  const between = Math.abs(place(line.length - 1) - place(0)) / Math.max(1, line.length - 1);
  const every = between > 0 ? Math.ceil((MARK_ROOM * scale) / between) : 1;
  for (let i = Math.ceil(from / every) * every; i < to; i += every)
    if (Number.isFinite(line[i]))
      drawMarker(
        ctx, runs[series.run].marker, place(i), ys.px(line[i]), 3.4 * scale,
        ink, theme.background, 1,
      );
}

/**
 * Writes names beside the ends of curves, as many as have room.
 * @param {{x, y, text, ink}[]} ends
 */
export function nameEnds(ctx, ends, rect, { theme, scale }) {
  ctx.font = `600 ${11 * scale}px ${theme.font}`;
  ctx.textBaseline = "middle";
  ctx.lineJoin = "round";
  let last = -Infinity;
  for (const { x, y, text, ink } of [...ends].sort((a, b) => a.y - b.y)) {
    if (y - last < 12 * scale) continue;
    last = y;
    const right = x + ctx.measureText(text).width + 10 * scale < rect.x + rect.w;
    ctx.textAlign = right ? "left" : "right";
    const at = [x + (right ? 8 : -8) * scale, right ? y : y - 9 * scale];
    ctx.strokeStyle = theme.background;
    ctx.lineWidth = 4 * scale;
    ctx.strokeText(text, ...at);
    ctx.fillStyle = ink;
    ctx.fillText(text, ...at);
  }
}

/** A level line from one step to another; `line` is {dash, offset, alpha, width}. */
export function strokeLevel(ctx, xs, y, from, to, ink, line, scale, ratio) {
  // pieces that end on whole pixels join without a trace
  const whole = (step) => Math.round(xs.px(step) * ratio) / ratio;
  const [begin, end] = [whole(from), whole(to)];
  if (end <= begin) return;
  ctx.globalAlpha = line.alpha;
  ctx.strokeStyle = ink;
  ctx.lineWidth = line.width * scale;
  ctx.lineCap = "butt";
  ctx.setLineDash(line.dash);
  ctx.lineDashOffset = begin - xs.from + line.offset;
  ctx.beginPath();
  ctx.moveTo(begin, y);
  ctx.lineTo(end, y);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
}
