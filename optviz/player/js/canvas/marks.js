// Small shapes and text on a canvas.

/** @import { Tick } from "../data/scales.js" */
/** @import { Context } from "./layers.js" */

/**
 * Draws a sign in its ink, on a halo.
 * @callback Sign
 * @param {Context} ctx
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 * @param {string} ink
 * @param {string} halo
 */

export const TICK = 11.5; // size of a tick's text

/**
 * @param {Context} ctx
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 * @param {number} corners
 * @param {number} turn of the first of them
 * @param {number} [inner] share of the radius at which a star's other corners lie
 */
function polygon(ctx, x, y, radius, corners, turn, inner = 0) {
  const steps = inner ? corners * 2 : corners;
  for (let i = 0; i < steps; i++) {
    const r = inner && i % 2 ? radius * inner : radius;
    const angle = turn + (i * 2 * Math.PI) / steps;
    ctx.lineTo(x + r * Math.cos(angle), y + r * Math.sin(angle));
  }
  ctx.closePath();
}

/** @type {(ctx: Context, x: number, y: number, r: number, turn: number) => void} */
function cross(ctx, x, y, r, turn) {
  const arm = r * 0.36;
  const corners = [
    [-arm, -r], [arm, -r], [arm, -arm], [r, -arm], [r, arm], [arm, arm],
    [arm, r], [-arm, r], [-arm, arm], [-r, arm], [-r, -arm], [-arm, -arm],
  ];
  const [c, s] = [Math.cos(turn), Math.sin(turn)];
  for (const [a, b] of corners) ctx.lineTo(x + a * c - b * s, y + a * s + b * c);
  ctx.closePath();
}

const UP = -Math.PI / 2;
/** @type {Record<string, (ctx: Context, x: number, y: number, r: number) => void>} */
const SHAPES = {
  circle: (ctx, x, y, r) => ctx.arc(x, y, r, 0, 2 * Math.PI),
  square: (ctx, x, y, r) => ctx.rect(x - r * 0.86, y - r * 0.86, r * 1.72, r * 1.72),
  diamond: (ctx, x, y, r) => polygon(ctx, x, y, r * 1.18, 4, UP),
  triangle: (ctx, x, y, r) => polygon(ctx, x, y + r * 0.15, r * 1.22, 3, UP),
  "triangle-down": (ctx, x, y, r) => polygon(ctx, x, y - r * 0.15, r * 1.22, 3, -UP),
  pentagon: (ctx, x, y, r) => polygon(ctx, x, y, r * 1.08, 5, UP),
  hexagon: (ctx, x, y, r) => polygon(ctx, x, y, r * 1.06, 6, 0),
  star: (ctx, x, y, r) => polygon(ctx, x, y, r * 1.35, 5, UP, 0.5),
  plus: (ctx, x, y, r) => cross(ctx, x, y, r * 1.12, 0),
  cross: (ctx, x, y, r) => cross(ctx, x, y, r * 1.12, Math.PI / 4),
};

/**
 * Adds a marker's outline to a fresh path.
 * @type {(ctx: Context, shape: string, x: number, y: number, radius: number) => void}
 */
export function markerPath(ctx, shape, x, y, radius) {
  ctx.beginPath();
  (SHAPES[shape] || SHAPES.circle)(ctx, x, y, radius);
}

/**
 * A filled marker with a rim that lifts it off any background.
 * @param {Context} ctx
 * @param {string} shape
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 * @param {string} fill
 * @param {string} rim
 * @param {number} rimWidth
 */
export function drawMarker(ctx, shape, x, y, radius, fill, rim, rimWidth) {
  markerPath(ctx, shape, x, y, radius);
  ctx.lineJoin = "round";
  if (rimWidth > 0) {
    ctx.lineWidth = rimWidth * 2;
    ctx.strokeStyle = rim;
    ctx.stroke();
  }
  ctx.fillStyle = fill;
  ctx.fill();
}

/**
 * Draws a tick's text with its exponent raised.
 * @param {Context} ctx
 * @param {Tick} tick
 * @param {number} x
 * @param {number} y
 * @param {number} size of the text
 * @param {string} family
 * @param {"left" | "center" | "right"} [align]
 */
export function drawTick(ctx, tick, x, y, size, family, align = "left") {
  ctx.font = `${size}px ${family}`;
  const width = tickWidth(ctx, tick, size, family);
  const left = align === "right" ? x - width : align === "center" ? x - width / 2 : x;
  ctx.textAlign = "left";
  ctx.font = `${size}px ${family}`;
  ctx.fillText(tick.text, left, y);
  if (tick.raised) {
    const base = ctx.measureText(tick.text).width;
    ctx.font = `${size * 0.74}px ${family}`;
    ctx.fillText(tick.raised, left + base + 0.5, y - size * 0.36);
  }
}

/** @type {(ctx: Context, tick: Tick, size: number, family: string) => number} */
export function tickWidth(ctx, tick, size, family) {
  ctx.font = `${size}px ${family}`;
  let width = ctx.measureText(tick.text).width;
  if (tick.raised) {
    ctx.font = `${size * 0.74}px ${family}`;
    width += ctx.measureText(tick.raised).width + 0.5;
  }
  return width;
}

/**
 * How wide the widest of some ticks is, with a little air: so much room stands beside an axis.
 * @type {(ctx: Context, ticks: Tick[], size: number, family: string) => number}
 */
export function roomFor(ctx, ticks, size, family) {
  return Math.ceil(Math.max(0, ...ticks.map((tick) => tickWidth(ctx, tick, size, family)))) + 12;
}

/**
 * The minimum's star and the saddle's cross: dark and light at once, so seen on every band.
 * @type {(ctx: Context, x: number, y: number, radius: number, fill: string) => void}
 */
export function drawStar(ctx, x, y, radius, fill) {
  ctx.beginPath();
  polygon(ctx, x, y, radius, 5, UP, 0.45);
  ctx.lineJoin = "round";
  ctx.lineWidth = 2.5;
  ctx.strokeStyle = "rgba(20,24,34,.9)";
  ctx.stroke();
  ctx.fillStyle = fill;
  ctx.fill();
}

/** @type {Sign} */
export function drawSaddle(ctx, x, y, radius, ink, halo) {
  for (const { color, width } of [{ color: halo, width: 4.5 }, { color: ink, width: 1.8 }]) {
    ctx.beginPath();
    for (const [a, b] of [[-1, -1], [-1, 1]]) {
      ctx.moveTo(x + a * radius, y + b * radius);
      ctx.lineTo(x - a * radius, y - b * radius);
    }
    ctx.lineCap = "round";
    ctx.lineWidth = width;
    ctx.strokeStyle = color;
    ctx.stroke();
  }
}

/** @type {Sign} */
export function drawRing(ctx, x, y, radius, ink, halo) {
  for (const { color, width } of [{ color: halo, width: 5 }, { color: ink, width: 2 }]) {
    ctx.beginPath();
    ctx.arc(x, y, radius, 0, 2 * Math.PI);
    ctx.lineWidth = width;
    ctx.strokeStyle = color;
    ctx.stroke();
  }
}
