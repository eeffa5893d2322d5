// Paths on the map in pixels, and how they are stroked.

/** @import { Context } from "../canvas/layers.js" */
/** @import { Pair, Table } from "../data/message.js" */
/** @import { ToPixel } from "../data/scales.js" */

/**
 * A run's paths in pixels; `length` is along each of them.
 * @typedef {{starts: number, points: number, xy: Float64Array, length: Float32Array}} Trail
 */

const PIECE = 250; // segments a stroke: a browser takes the square of their number for one
const FAR = 4000; // pixels; beyond it segments are clipped, so that 10¹² cannot upset the canvas

/**
 * A path of the message, (points, 2) or (starts, points, 2), in pixels.
 * @type {(path: Table, px: ToPixel, py: ToPixel) => Trail}
 */
export function projectPath(path, px, py) {
  const [starts, points] = path.shape.length === 2 ? [1, path.shape[0]] : path.shape;
  const { data } = path;
  const xy = new Float64Array(starts * points * 2);
  const length = new Float32Array(starts * points);
  for (let i = 0; i < starts * points; i++) {
    xy[2 * i] = px(data[2 * i]);
    xy[2 * i + 1] = py(data[2 * i + 1]);
    if (i % points === 0) continue;
    const step = Math.hypot(xy[2 * i] - xy[2 * i - 2], xy[2 * i + 1] - xy[2 * i - 1]);
    length[i] = length[i - 1] + Math.min(step || 0, FAR);
  }
  return { starts, points, xy, length };
}

/**
 * Adds segments from point `from` to point `to` of one start to the path.
 * @type {(ctx: Context, trail: Trail, start: number, from: number, to: number) => void}
 */
export function traceTrail(ctx, trail, start, from, to) {
  const { xy, points } = trail;
  const base = start * points;
  let open = false;
  for (let i = base + Math.max(1, from + 1); i <= base + Math.min(to, points - 1); i++) {
    const [ax, ay, bx, by] = [xy[2 * i - 2], xy[2 * i - 1], xy[2 * i], xy[2 * i + 1]];
    const reach = Math.max(Math.abs(ax), Math.abs(ay), Math.abs(bx), Math.abs(by));
    const near = reach < FAR;
    if (near) {
      if (!open) ctx.moveTo(ax, ay);
      ctx.lineTo(bx, by);
      open = true;
      continue;
    }
    open = false;
    const cut = clipSegment(ax, ay, bx, by, FAR);
    if (!cut) continue;
    ctx.moveTo(cut[0], cut[1]);
    ctx.lineTo(cut[2], cut[3]);
  }
}

/**
 * The part of a segment inside the square |x|, |y| ≤ limit, or null (Liang–Barsky).
 * @param {number} ax
 * @param {number} ay
 * @param {number} bx
 * @param {number} by
 * @param {number} limit
 */
export function clipSegment(ax, ay, bx, by, limit) {
  const dx = bx - ax;
  const dy = by - ay;
  if (!Number.isFinite(dx) || !Number.isFinite(dy)) return null;
  let [enter, leave] = [0, 1];
  for (const [p, q] of [[-dx, ax + limit], [dx, limit - ax], [-dy, ay + limit], [dy, limit - ay]]) {
    if (p === 0) {
      if (q < 0) return null;
    } else if (p < 0) enter = Math.max(enter, q / p);
    else leave = Math.min(leave, q / p);
  }
  if (enter > leave) return null;
  return [ax + enter * dx, ay + enter * dy, ax + leave * dx, ay + leave * dy];
}

/**
 * Where a start's point is at a fractional index.
 * @type {(trail: Trail, start: number, at: number) => Pair}
 */
export function trailAt(trail, start, at) {
  const { xy, points } = trail;
  const low = Math.min(Math.floor(at), points - 1);
  const high = Math.min(low + 1, points - 1);
  const u = at - low;
  const i = 2 * (start * points + low);
  const j = 2 * (start * points + high);
  if (u < 1e-9 || high === low) return [xy[i], xy[i + 1]];
  return [xy[i] + (xy[j] - xy[i]) * u, xy[i + 1] + (xy[j + 1] - xy[i + 1]) * u];
}

/**
 * Strokes the paths of all starts from one point to another.
 * @param {Context} ctx
 * @param {Trail} trail
 * @param {number} first
 * @param {number} last
 * @param {string} color
 * @param {number[]} dash
 * @param {number} alpha
 * @param {number} width
 */
export function strokeTrail(ctx, trail, first, last, color, dash, alpha, width) {
  ctx.globalAlpha = alpha;
  ctx.strokeStyle = color;
  ctx.lineWidth = width;
  ctx.lineJoin = "round";
  ctx.lineCap = alpha < 1 || dash.length ? "butt" : "round";
  ctx.setLineDash(dash);
  for (let from = first; from < last; from += PIECE) {
    ctx.lineDashOffset = dash.length ? trail.length[from] : 0;
    const to = Math.min(from + PIECE, last);
    ctx.beginPath();
    for (let start = 0; start < trail.starts; start++) traceTrail(ctx, trail, start, from, to);
    ctx.stroke();
  }
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
}
