// What lies under the trails: contour bands, axes, colour bar, minima and saddles.

import { contextOf, inside } from "../canvas/layers.js";
import { drawSaddle, drawStar, drawTick, TICK } from "../canvas/marks.js";
import { sequentialColors } from "../canvas/palette.js";
import { clamp, makeTicks } from "../data/scales.js";
import { levelTicks, paintBands } from "./contour.js";

/** @import { Context, Rect } from "../canvas/layers.js" */
/** @import { Theme } from "../canvas/palette.js" */
/** @import { MapPanel } from "./panel.js" */

const MANY_PIXELS = 700_000; // above it the bands are painted at half resolution during a gesture

/**
 * How many ticks an upright axis has room for.
 * @type {(rect: Rect, scale: number) => number}
 */
export function heightTicks(rect, scale) {
  return Math.max(2, Math.floor(rect.h / (56 * scale)));
}

/**
 * @param {MapPanel} map
 * @param {Context} ctx
 * @param {Rect} rect
 * @param {Theme} theme
 * @param {boolean} moving a gesture is under way
 */
export function drawSurface(map, ctx, rect, theme, moving) {
  ctx.save();
  ctx.beginPath();
  ctx.roundRect(rect.x, rect.y, rect.w, rect.h, 6);
  ctx.clip();
  ctx.fillStyle = theme.faint;
  ctx.fillRect(rect.x, rect.y, rect.w, rect.h);
  drawBands(map, ctx, rect, theme, moving);
  ctx.restore();
  drawAxes(map, ctx, rect, theme);
  if (map.grid) drawBar(map, ctx, rect, theme);
  drawPlaces(map, ctx, rect, theme);
}

/** @type {(map: MapPanel, ctx: Context, rect: Rect, theme: Theme, moving: boolean) => void} */
function drawBands(map, ctx, rect, theme, moving) {
  if (!map.grid || !map.levels) return;
  const { ratio } = map.layers;
  const coarse = moving && rect.w * rect.h * ratio * ratio > MANY_PIXELS ? 0.5 : 1;
  const [w, h] = [rect.w, rect.h].map((side) => Math.max(1, Math.round(side * ratio * coarse)));
  Object.assign(map.sheet, { width: w, height: h });
  const sheet = contextOf(map.sheet);
  const image = sheet.createImageData(w, h);
  const colors = sequentialColors(theme.dark, map.levels.count);
  const width = Math.max(0.6, 0.8 * ratio * coarse);
  const view = map.currentView();
  paintBands(image, map.grid, view, map.window, map.levels, colors, theme.contour, width);
  sheet.putImageData(image, 0, 0);
  ctx.drawImage(map.sheet, rect.x, rect.y, rect.w, rect.h);
}

/** @type {(map: MapPanel, ctx: Context, rect: Rect, theme: Theme) => void} */
function drawAxes(map, ctx, rect, theme) {
  const { scale } = map;
  const size = TICK * scale;
  const bottom = rect.y + rect.h;
  ctx.textBaseline = "middle";
  ctx.strokeStyle = theme.axis;
  ctx.fillStyle = theme.muted;
  ctx.lineWidth = 1;
  const xTicks = makeTicks(map.xs, Math.max(2, Math.floor(rect.w / (80 * scale))));
  const yTicks = makeTicks(map.ys, heightTicks(rect, scale));
  for (const tick of xTicks) {
    const x = map.xs.px(tick.value);
    ctx.beginPath();
    ctx.moveTo(Math.round(x) + 0.5, bottom + 2);
    ctx.lineTo(Math.round(x) + 0.5, bottom + 5);
    ctx.stroke();
    if (x > rect.x + rect.w - 22 * scale) continue;
    drawTick(ctx, tick, x, bottom + 15 * scale, size, theme.font, "center");
  }
  for (const tick of yTicks) {
    const y = map.ys.px(tick.value);
    ctx.beginPath();
    ctx.moveTo(rect.x - 2, Math.round(y) + 0.5);
    ctx.lineTo(rect.x - 5, Math.round(y) + 0.5);
    ctx.stroke();
    if (y > rect.y + 20 * scale) drawTick(ctx, tick, rect.x - 8, y, size, theme.font, "right");
  }
  ctx.font = `italic ${size * 1.08}px ${theme.font}`;
  ctx.textAlign = "right";
  ctx.fillText(map.data.xlabel, rect.x + rect.w, bottom + 15 * scale);
  ctx.fillText(map.data.ylabel, rect.x - 8, rect.y + 8 * scale);
}

/**
 * The colour bar, with the heights that the contours stand for.
 * @type {(map: MapPanel, ctx: Context, rect: Rect, theme: Theme) => void}
 */
function drawBar(map, ctx, rect, theme) {
  const { scale } = map;
  if (!map.levels) return;
  const { count, log, floor } = map.levels;
  const colors = sequentialColors(theme.dark, count);
  const x = rect.x + rect.w + 12 * scale;
  const w = 9 * scale;
  const top = rect.y + 18 * scale;
  const h = rect.h - 18 * scale;
  for (let i = 0; i < count; i++) {
    ctx.fillStyle = `rgb(${colors[i].map(Math.round).join(",")})`;
    const [a, b] = [top + h - (h * (i + 1)) / count, top + h - (h * i) / count];
    ctx.fillRect(x, Math.floor(a), w, Math.ceil(b) - Math.floor(a));
  }
  ctx.strokeStyle = theme.axis;
  ctx.lineWidth = 1;
  ctx.strokeRect(Math.round(x) - 0.5, Math.round(top) - 0.5, Math.round(w) + 1, Math.round(h) + 1);
  ctx.fillStyle = theme.muted;
  ctx.textBaseline = "middle";
  const size = 10.5 * scale;
  for (const tick of levelTicks(map.levels, Math.max(2, Math.floor(h / (46 * scale))))) {
    if (tick.at < -0.001 || tick.at > 1.001) continue;
    const y = top + h * (1 - tick.at);
    drawTick(ctx, tick, x + w + 4, clamp(y, top + 5, top + h - 4), size, theme.font);
  }
  ctx.font = `italic ${size}px ${theme.font}`;
  ctx.textAlign = "left";
  const lowest = map.data.floor === null ? "min" : "f*";
  const name = log && Math.abs(floor) > 1e-12 ? `f − ${lowest}` : "f";
  ctx.fillText(name, x, rect.y + 6 * scale);
}

/** @type {(map: MapPanel, ctx: Context, rect: Rect, theme: Theme) => void} */
function drawPlaces(map, ctx, rect, theme) {
  const { scale } = map;
  inside(ctx, rect, () => {
    const ink = theme.dark ? "#fff" : "#1c2430";
    for (const [x, y] of map.data.saddles)
      drawSaddle(ctx, map.xs.px(x), map.ys.px(y), 4.5 * scale, ink, theme.halo);
    for (const [x, y] of map.data.minima)
      drawStar(ctx, map.xs.px(x), map.ys.px(y), 8.5 * scale, theme.star);
  });
}
