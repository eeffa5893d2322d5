// The sign and the ink of each outcome.

/** @import { Outcome } from "../data/message.js" */
/** @import { Context } from "./layers.js" */

/**
 * The ink of each outcome, on light and on dark: beside the path and in the legend.
 * @type {Record<Outcome, [string, string]>}
 */
export const TONE = {
  converged: ["#067647", "#6ce9a6"],
  left: ["#93370d", "#fdb022"],
  running: ["#475467", "#98a2b3"],
  stationary: ["#175cd3", "#84caff"],
  diverged: ["#c4320a", "#ff9c7a"],
  escaped: ["#5925dc", "#c3b5fd"],
};

/** @type {Record<Outcome, ([number, number] | null)[]>} corners; null lifts the pen */
const LINES = {
  converged: [[-0.8, 0.05], [-0.2, 0.65], [0.85, -0.6]],
  left: [[-0.8, -0.6], [-0.2, 0.65], [0.6, -0.5], null, [0, -0.6], [0.65, -0.6], [0.65, 0.1]],
  running: [[-0.8, 0], [0.7, 0], null, [0.15, -0.55], [0.75, 0], [0.15, 0.55]],
  stationary: [[-0.35, -0.65], [-0.35, 0.65], null, [0.35, -0.65], [0.35, 0.65]],
  diverged: [[-0.65, -0.65], [0.65, 0.65], null, [0.65, -0.65], [-0.65, 0.65]],
  escaped: [[-0.65, 0.65], [0.6, -0.6], null, [-0.15, -0.65], [0.65, -0.65], [0.65, 0.15]],
};

/**
 * A sign of an outcome, drawn because not every font has a tick, a cross and arrows.
 * @type {(ctx: Context, kind: Outcome, x: number, y: number, r: number) => void}
 */
export function drawGlyph(ctx, kind, x, y, r) {
  ctx.beginPath();
  let open = false;
  for (const point of LINES[kind]) {
    if (point) ctx[open ? "lineTo" : "moveTo"](x + point[0] * r, y + point[1] * r);
    open = Boolean(point);
  }
  ctx.lineCap = ctx.lineJoin = "round";
  ctx.stroke();
}
