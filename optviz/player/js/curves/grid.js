// Behind the curves: lines, ticks and the axes' names.

import { drawTick, TICK } from "../canvas/marks.js";
import { clamp, makeTicks } from "../data/scales.js";

/** @import { Frame } from "../canvas/frame.js" */
/** @import { Context, Rect } from "../canvas/layers.js" */
/** @import { Range, Tick } from "../data/scales.js" */
/** @import { Plot } from "./strokes.js" */

/**
 * The horizontal axis: its name, how many of its units a tick counts as one, whether ticks are
 * whole numbers.
 * @typedef {{label: string, per: number, whole: boolean}} Across
 */

/**
 * The ticks of the upright axis.
 * @type {(ys: Range, rect: Rect, scale: number) => Tick[]}
 */
export function upTicks(ys, rect, scale) {
  return makeTicks(ys, clamp(Math.floor(rect.h / (34 * scale)), 2, 8));
}

/**
 * Draws the grid of a panel.
 * @type {(ctx: Context, plot: Plot, across: Across, frame: Frame) => void}
 */
export function drawGrid(ctx, { rect, xs, ys }, across, { theme, scale }) {
  const size = TICK * scale;
  ctx.textBaseline = "middle";
  const yTicks = upTicks(ys, rect, scale);
  const { per, whole, label } = across;
  const shown = { ...xs, lo: xs.lo / per, hi: xs.hi / per };
  const xTicks = makeTicks(shown, Math.max(2, Math.floor(rect.w / (70 * scale))), whole);
  for (const tick of xTicks) tick.value *= per;
  ctx.lineWidth = 1;
  ctx.strokeStyle = theme.faint;
  ctx.beginPath();
  for (const tick of yTicks) {
    const y = Math.round(ys.px(tick.value)) + 0.5;
    ctx.moveTo(rect.x, y);
    ctx.lineTo(rect.x + rect.w, y);
  }
  for (const tick of xTicks) {
    const x = Math.round(xs.px(tick.value)) + 0.5;
    ctx.moveTo(x, rect.y);
    ctx.lineTo(x, rect.y + rect.h);
  }
  ctx.stroke();
  ctx.strokeStyle = theme.axis;
  ctx.beginPath();
  ctx.moveTo(rect.x, rect.y + rect.h + 0.5);
  ctx.lineTo(rect.x + rect.w, rect.y + rect.h + 0.5);
  ctx.stroke();
  ctx.fillStyle = theme.muted;
  for (const tick of yTicks)
    drawTick(ctx, tick, rect.x - 7, ys.px(tick.value), size, theme.font, "right");
  const baseline = rect.y + rect.h + 14 * scale;
  ctx.font = `italic ${size}px ${theme.font}`;
  const room = label ? ctx.measureText(label).width + 10 : 0;
  for (const tick of xTicks) {
    const x = xs.px(tick.value);
    if (x > rect.x + rect.w - room - 8 * scale) continue;
    drawTick(ctx, tick, x, baseline, size, theme.font, "center");
  }
  ctx.font = `italic ${size}px ${theme.font}`;
  ctx.textAlign = "right";
  ctx.fillText(label, rect.x + rect.w, baseline);
}

/**
 * What a panel waits for.
 * @type {(ctx: Context, rect: Rect, words: string, frame: Frame) => void}
 */
export function drawWords(ctx, rect, words, { theme, scale }) {
  ctx.fillStyle = theme.muted;
  ctx.font = `${13 * scale}px ${theme.font}`;
  ctx.textAlign = "center";
  ctx.fillText(words, rect.x + rect.w / 2, rect.y + rect.h / 2);
}

/**
 * An upright line at a place: the playhead, or where the pointer is.
 * @param {Context} ctx
 * @param {Plot} plot
 * @param {number} place
 * @param {string} color
 * @param {number[]} dash
 * @param {number} width
 */
export function drawPlace(ctx, { rect, xs }, place, color, dash, width) {
  const x = xs.px(place);
  if (x < rect.x - 1 || x > rect.x + rect.w + 1) return;
  ctx.strokeStyle = color;
  ctx.lineWidth = width;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(x, rect.y);
  ctx.lineTo(x, rect.y + rect.h);
  ctx.stroke();
  ctx.setLineDash([]);
}
