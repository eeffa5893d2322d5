// Where a curve is at the playhead: its tip, its name, its place beside others, a cross where it is
// lost.

import { drawGlyph } from "../canvas/glyphs.js";
import { countUpTo, lostAt } from "../data/series.js";
import { inkOf } from "./strokes.js";

/** @import { Frame } from "../canvas/frame.js" */
/** @import { Context, Rect } from "../canvas/layers.js" */
/** @import { Run, Worst } from "../data/message.js" */
/** @import { DrawnRun } from "../data/runs.js" */
/** @import { Series, Share } from "../data/series.js" */
/** @import { Plot } from "./strokes.js" */

/** @typedef {{x: number, y: number, text: string, ink: string}} End of a curve, and its name */

/**
 * Markers of curves that lie on each other stand side by side, inside the panel.
 * @type {(x: number, share: Share | undefined, rect: Rect, scale: number) => number}
 */
export function aside(x, share, rect, scale) {
  if (!share || x < rect.x - 2 || x > rect.x + rect.w + 2) return x;
  const [gap, half] = [8 * scale, (share.of - 1) / 2];
  const middle = Math.max(rect.x + half * gap, Math.min(x, rect.x + rect.w - half * gap));
  return middle + (share.place - half) * gap;
}

/**
 * Whether a run's number is none at a place, or has diverged beyond the panel.
 * @type {(series: Series, run: Run, place: number, y: number, rect: Rect) => boolean}
 */
export function isLost(series, run, place, y, rect) {
  return lostAt(series, place) !== null || (divergesOf(run) && y < rect.y);
}

/**
 * A cross at the edge where the bad values lie, so that nobody takes them for the best.
 * @param {Context} ctx
 * @param {Plot} plot
 * @param {Series} series
 * @param {DrawnRun} run
 * @param {number} place
 * @param {Worst | undefined} worst
 * @param {Frame} frame
 */
export function drawLost(ctx, { rect, xs }, series, run, place, worst, { theme, scale }) {
  const shows = run.outcome ? Math.min(run.outcome_step ?? place, place) : place;
  const x = xs.px(lostAt(series, place) ?? shows);
  if (x < rect.x - 2 || x > rect.x + rect.w + 2) return;
  const size = 4.6 * scale;
  const y = worst === "low" ? rect.y + rect.h - size : rect.y + size;
  for (const { color, width } of [
    { color: theme.background, width: 5 },
    { color: run.ink, width: 2.2 },
  ]) {
    ctx.strokeStyle = color;
    ctx.lineWidth = width * scale;
    drawGlyph(ctx, "diverged", x, y, size);
  }
}

/** @param {Run} run */
export function divergesOf({ outcome, counts = [] }) {
  return outcome === "diverged" || counts.some(([kind]) => kind === "diverged");
}

/**
 * The piece between the last whole point and a playhead between two points.
 * @type {(ctx: Context, plot: Plot, series: Series, frame: Frame, x: number, y: number) => void}
 */
export function drawTip(ctx, { xs, ys }, series, frame, x, y) {
  if (series.constant !== null || series.style !== "solid") return;
  const last = countUpTo(series, frame.step) - 1;
  if (last < 0 || last >= series.main.length - 1) return;
  ctx.strokeStyle = inkOf(series, frame);
  ctx.lineWidth = 1.9 * frame.scale;
  ctx.beginPath();
  ctx.moveTo(xs.px(series.x ? series.x[last] : last), ys.px(series.main[last]));
  ctx.lineTo(x, y);
  ctx.stroke();
}

/**
 * Writes names beside the ends of curves, as many as have room.
 * @type {(ctx: Context, ends: End[], rect: Rect, frame: Frame) => void}
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
    const [left, top] = [x + (right ? 8 : -8) * scale, right ? y : y - 9 * scale];
    ctx.strokeStyle = theme.background;
    ctx.lineWidth = 4 * scale;
    ctx.strokeText(text, left, top);
    ctx.fillStyle = ink;
    ctx.fillText(text, left, top);
  }
}
