// Where a curve is at the playhead: its tip, its place beside others, a cross where it is lost.

import { drawGlyph } from "../canvas/glyphs.js";
import { countUpTo, lostAt } from "../data/series.js";
import { inkOf } from "./strokes.js";

/** Markers of curves that lie on each other stand side by side, inside the panel. */
export function aside(x, share, rect, scale) {
  if (!share || x < rect.x - 2 || x > rect.x + rect.w + 2) return x;
  const [gap, half] = [8 * scale, (share.of - 1) / 2];
  const middle = Math.max(rect.x + half * gap, Math.min(x, rect.x + rect.w - half * gap));
  return middle + (share.place - half) * gap;
}

/** Whether a run's number is none at a place, or has diverged beyond the panel. */
export function isLost(series, run, place, y, rect) {
  return lostAt(series, place) !== null || (divergesOf(run) && y < rect.y);
}

/** A cross at the edge where the bad values lie, so that nobody takes them for the best. */
export function drawLost(ctx, rect, xs, series, run, place, worst, frame) {
  const since = lostAt(series, place) ?? (run.outcome ? Math.min(run.outcome_step, place) : place);
  const x = xs.px(since);
  if (x < rect.x - 2 || x > rect.x + rect.w + 2) return;
  const size = 4.6 * frame.scale;
  const y = worst === "low" ? rect.y + rect.h - size : rect.y + size;
  for (const [color, width] of [[frame.theme.background, 5], [run.ink, 2.2]]) {
    ctx.strokeStyle = color;
    ctx.lineWidth = width * frame.scale;
    drawGlyph(ctx, "diverged", x, y, size);
  }
}

export function divergesOf({ outcome, counts = [] }) {
  return outcome === "diverged" || counts.some(([kind]) => kind === "diverged");
}

/** The piece between the last whole point and a playhead between two points. */
export function drawTip(ctx, xs, ys, series, frame, x, y) {
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
