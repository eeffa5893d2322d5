// Small shapes and text on a canvas.

export const TICK = 11.5; // size of a tick's text

function polygon(ctx, x, y, radius, corners, turn, inner = 0) {
  const steps = inner ? corners * 2 : corners;
  for (let i = 0; i < steps; i++) {
    const r = inner && i % 2 ? radius * inner : radius;
    const angle = turn + (i * 2 * Math.PI) / steps;
    ctx.lineTo(x + r * Math.cos(angle), y + r * Math.sin(angle));
  }
  ctx.closePath();
}

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

/** Adds a marker's outline to a fresh path. */
export function markerPath(ctx, shape, x, y, radius) {
  ctx.beginPath();
  (SHAPES[shape] || SHAPES.circle)(ctx, x, y, radius);
}

/** A filled marker with a rim that lifts it off any background. */
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

/** Draws a tick's text with its exponent raised; returns the width. */
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
  return width;
}

export function tickWidth(ctx, tick, size, family) {
  ctx.font = `${size}px ${family}`;
  let width = ctx.measureText(tick.text).width;
  if (tick.raised) {
    ctx.font = `${size * 0.74}px ${family}`;
    width += ctx.measureText(tick.raised).width + 0.5;
  }
  return width;
}

/** How wide the widest of some ticks is, with a little air: so much room stands beside an axis. */
export function roomFor(ctx, ticks, size, family) {
  return Math.ceil(Math.max(0, ...ticks.map((tick) => tickWidth(ctx, tick, size, family)))) + 12;
}

/** The minimum's star and the saddle's cross: dark and light at once, so seen on every band. */
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

export function drawSaddle(ctx, x, y, radius, ink, halo) {
  for (const [color, width] of [[halo, 4.5], [ink, 1.8]]) {
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

export function drawRing(ctx, x, y, radius, ink, halo) {
  for (const [color, width] of [[halo, 5], [ink, 2]]) {
    ctx.beginPath();
    ctx.arc(x, y, radius, 0, 2 * Math.PI);
    ctx.lineWidth = width;
    ctx.strokeStyle = color;
    ctx.stroke();
  }
}
