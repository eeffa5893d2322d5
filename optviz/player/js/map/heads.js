// Where the runs are on the map at the playhead, where they began, where the pointer is.

import { recedes } from "../canvas/frame.js";
import { drawMarker, drawRing } from "../canvas/marks.js";
import { rgba } from "../canvas/palette.js";
import { clamp } from "../data/scales.js";
import { trailAt } from "./trails.js";

/** @import { Frame } from "../canvas/frame.js" */
/** @import { Context, Rect } from "../canvas/layers.js" */
/** @import { Theme } from "../canvas/palette.js" */
/** @import { Pair } from "../data/message.js" */
/** @import { MapPanel } from "./panel.js" */

/** @type {(map: MapPanel, ctx: Context, theme: Theme) => void} */
export function drawStarts({ data, scale, start, xs, ys }, ctx, theme) {
  const starts = start.ghost ? [start.ghost] : data.starts;
  const many = starts.length > 1;
  const ink = theme.dark ? "#ffffff" : "#1c2430";
  for (const [x, y] of starts) {
    const [px, py] = [xs.px(x), ys.px(y)];
    if (many) drawMarker(ctx, "circle", px, py, 1.8 * scale, ink, theme.halo, 1);
    else drawRing(ctx, px, py, (start.ghost ? 11 : 9) * scale, ink, rgba(theme.halo, 0.9));
  }
}

/** @type {(map: MapPanel, ctx: Context, run: number, frame: Frame) => void} */
export function drawHeads(map, ctx, run, frame) {
  const { theme, scale } = frame;
  const path = map.trails[run];
  const { ink, marker } = frame.runs[run];
  const at = map.pathIndex(path, frame.step);
  const dim = recedes(run, frame);
  const whole = Math.floor(at + 1e-9);
  const cloud = path.starts > 1;
  for (let start = 0; start < path.starts; start++) {
    const [x, y] = trailAt(path, start, at);
    if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
    ctx.globalAlpha = dim ? 0.15 : 1;
    if (!cloud && at > whole) {
      const [ax, ay] = trailAt(path, start, whole);
      ctx.strokeStyle = ink;
      ctx.lineWidth = 2.3 * scale;
      ctx.lineCap = "round";
      ctx.beginPath();
      ctx.moveTo(clamp(ax, -4000, 9000), clamp(ay, -4000, 9000));
      ctx.lineTo(clamp(x, -4000, 9000), clamp(y, -4000, 9000));
      ctx.stroke();
    }
    const radius = (cloud ? 3 : 6) * scale;
    if (dim || cloud) drawMarker(ctx, marker, x, y, radius, ink, theme.halo, cloud ? 0.8 : 1);
    else {
      const rim = theme.dark ? "#05070d" : "rgba(16,24,40,.75)";
      drawMarker(ctx, marker, x, y, radius + 1.4 * scale, "#fff", rim, 1);
      drawMarker(ctx, marker, x, y, radius, ink, ink, 0);
    }
    ctx.globalAlpha = 1;
  }
}

/** @type {(map: MapPanel, ctx: Context, rect: Rect, point: Pair, theme: Theme) => void} */
export function drawCross({ xs, ys }, ctx, rect, point, theme) {
  const [x, y] = [xs.px(point[0]), ys.px(point[1])];
  ctx.strokeStyle = theme.dark ? "rgba(255,255,255,.55)" : "rgba(16,24,40,.5)";
  ctx.lineWidth = 1;
  ctx.setLineDash([3, 3]);
  ctx.beginPath();
  ctx.moveTo(rect.x, y);
  ctx.lineTo(rect.x + rect.w, y);
  ctx.moveTo(x, rect.y);
  ctx.lineTo(x, rect.y + rect.h);
  ctx.stroke();
  ctx.setLineDash([]);
}
