// Filled contour bands with thin lines, pixel by pixel from a smooth interpolation of the grid.

import { clamp, makeTicks, niceStep } from "../data/scales.js";

/** @import { Rgb } from "../canvas/palette.js" */
/** @import { ScaleKind, Table } from "../data/message.js" */

/** @typedef {{x0: number, x1: number, y0: number, y1: number}} View a part of the plane */
/** @typedef {ReturnType<typeof padGrid>} Padded */
/** @typedef {{data: Uint8ClampedArray, width: number, height: number}} Pixels as of ImageData */
/**
 * Bands over the values of a grid: band = (transform(value) − first) / step.
 * @typedef {{log: boolean, floor: number, first: number, step: number, count: number}} Levels
 */

/**
 * The grid with one extrapolated row and column on each side, for cubic interpolation at edges.
 * @param {Table} grid (ny, nx), row 0 at the lowest y
 */
export function padGrid(grid) {
  const [ny, nx] = grid.shape;
  const wide = nx + 2;
  const data = new Float64Array((ny + 2) * wide);
  for (let j = 0; j < ny; j++)
    for (let i = 0; i < nx; i++) data[(j + 1) * wide + i + 1] = grid.data[j * nx + i];
  /** @type {(a: number, b: number, c: number) => number} */
  const beyond = (a, b, c) => 3 * a - 3 * b + c; // continues a parabola
  for (let j = 1; j <= ny; j++) {
    const row = j * wide;
    data[row] = beyond(data[row + 1], data[row + 2], data[row + 3]);
    data[row + nx + 1] = beyond(data[row + nx], data[row + nx - 1], data[row + nx - 2]);
  }
  for (let i = 0; i < wide; i++) {
    /** @param {number} j */
    const at = (j) => data[j * wide + i];
    data[i] = beyond(at(1), at(2), at(3));
    data[(ny + 1) * wide + i] = beyond(at(ny), at(ny - 1), at(ny - 2));
  }
  return { data, nx, ny, wide };
}

/**
 * Band edges over the values of a grid.
 * Log levels are powers of ten of the height above `floor` (the known minimum, else the lowest
 * value seen); heights below the first edge share the lowest band.
 * @type {(values: ArrayLike<number>, kind: ScaleKind, floor?: number | null) => Levels}
 */
export function contourLevels(values, kind, floor = null) {
  const finite = Float64Array.from(values).filter(Number.isFinite);
  if (!finite.length) return { log: false, floor: 0, first: 0, step: 1, count: 1 };
  finite.sort();
  const lowest = finite[0];
  const highest = finite[finite.length - 1];
  if (kind !== "log" || highest <= lowest) {
    const step = niceStep(highest - lowest || 1, 16);
    const first = Math.floor(lowest / step + 1e-9) * step;
    const count = Math.max(1, Math.ceil((highest - first) / step));
    return { log: false, floor: 0, first, step, count };
  }
  const base = floor !== null && floor <= lowest ? floor : lowest;
  // below the rounding of the losses themselves there is only noise
  const rounding = 2 ** -51 * Math.max(Math.abs(lowest), Math.abs(highest));
  const low = Math.log10(
    Math.max(finite[Math.floor(finite.length * 0.004)] - base, (highest - base) * 1e-8, rounding),
  );
  const high = Math.log10(highest - base);
  const step = [0.05, 0.1, 0.2, 0.25, 0.5, 1].find((s) => (high - low) / s <= 18) || 1;
  const first = Math.floor(low / step) * step;
  const count = Math.max(1, Math.ceil((high - first) / step - 1e-9));
  return { log: true, floor: base, first, step, count };
}

/** Decades below the lowest band in which lines go on: they show when one zooms in. */
const DEEPER = 7;

/**
 * Ticks of the colour bar, and where on it they stand, `at` 0 … 1.
 * @param {Levels} levels
 * @param {number} count
 */
export function levelTicks(levels, count) {
  const { log, first, step } = levels;
  const last = first + step * levels.count;
  const lo = log ? 10 ** first : first;
  const hi = log ? 10 ** last : last;
  return makeTicks({ kind: log ? "log" : "linear", lo, hi }, count).map((tick) => ({
    ...tick,
    at: ((log ? Math.log10(tick.value) : tick.value) - first) / (last - first),
  }));
}

/**
 * Catmull-Rom weights of each pixel along one axis, and the first of its four samples.
 * @param {number} pixels over `from` … `to`
 * @param {number} from
 * @param {number} to
 * @param {number} lo of the grid
 * @param {number} hi
 * @param {number} samples of the grid
 */
function weights(pixels, from, to, lo, hi, samples) {
  const index = new Int32Array(pixels);
  const weight = new Float64Array(pixels * 4);
  for (let p = 0; p < pixels; p++) {
    const value = from + ((p + 0.5) / pixels) * (to - from);
    const at = ((value - lo) / (hi - lo)) * (samples - 1);
    if (at < -1e-6 || at > samples - 1 + 1e-6) {
      index[p] = -1;
      continue;
    }
    const i = clamp(Math.floor(at), 0, samples - 2);
    const u = at - i;
    index[p] = i; // in the padded grid sample i stands at i + 1, so this is the one before
    weight[p * 4] = ((2 - u) * u - 1) * u * 0.5;
    weight[p * 4 + 1] = ((3 * u - 5) * u * u + 2) * 0.5;
    weight[p * 4 + 2] = ((4 - 3 * u) * u + 1) * u * 0.5;
    weight[p * 4 + 3] = (u - 1) * u * u * 0.5;
  }
  return { index, weight };
}

/**
 * Paints bands and lines.
 * @param {Pixels} image filled from its top row, which is the view's highest y
 * @param {Padded} padded
 * @param {View} view what the image shows
 * @param {View} window what the grid covers; outside it the image stays clear
 * @param {Levels} levels
 * @param {Rgb[]} colors one per band
 * @param {number[]} line [r, g, b, alpha]
 * @param {number} width of the lines, in image pixels
 */
export function paintBands(image, padded, view, window, levels, colors, line, width) {
  const { width: w, height: h } = image;
  const { data, wide } = padded;
  const across = weights(w, view.x0, view.x1, window.x0, window.x1, padded.nx);
  const down = weights(h, view.y1, view.y0, window.y0, window.y1, padded.ny);
  const { log, floor, first, step, count } = levels;
  const pixels = new Uint32Array(image.data.buffer);
  const packed = Uint32Array.from(colors, (c) => pack32(c[0], c[1], c[2]));
  const flat = Float64Array.from(colors.flat());
  const row = new Float64Array(wide);
  const q = across.weight;
  let above = new Float64Array(w).fill(NaN);
  let band = new Float64Array(w).fill(NaN);
  const invStep = 1 / step;
  const tiny = 10 ** (first - DEEPER);
  const lowestLine = log ? 1 - (DEEPER - 1) / step : 1;
  const half = width / 2;
  for (let y = 0; y < h; y++) {
    const j = down.index[y];
    const out = y * w;
    if (j < 0) continue;
    blendRows(row, data, j * wide, wide, down.weight, y * 4);
    let left = NaN;
    for (let x = 0; x < w; x++) {
      const i = across.index[x];
      let value = NaN;
      if (i >= 0) {
        const k = x * 4;
        value = q[k] * row[i] + q[k + 1] * row[i + 1];
        value += q[k + 2] * row[i + 2] + q[k + 3] * row[i + 3];
        if (log) {
          const height = value - floor;
          value = Math.log10(height < tiny ? tiny : height); // no number stays none
        }
        value = (value - first) * invStep;
      }
      band[x] = value;
      if (value !== value) {
        left = value;
        continue;
      }
      const at = value <= 0 ? 0 : value >= count ? count - 1 : value | 0;
      let color = packed[at];
      const edge = Math.round(value);
      if (edge >= lowestLine && edge < count) {
        const dx = value - left;
        const dy = value - above[x];
        const slope = Math.sqrt((dx === dx ? dx * dx : 0) + (dy === dy ? dy * dy : 0));
        // distance to the line in pixels; lines closer than three pixels fade into the bands
        let cover = half + 0.5 - Math.abs(value - edge) / (slope + 1e-12);
        if (cover > 0) {
          cover = (cover > 1 ? 1 : cover) * line[3] * clamp(1.6 - 3 * slope, 0, 1);
          const rest = 1 - cover;
          const k = at * 3;
          color = pack32(
            flat[k] * rest + line[0] * cover,
            flat[k + 1] * rest + line[1] * cover,
            flat[k + 2] * rest + line[2] * cover,
          );
        }
      }
      pixels[out + x] = color;
      left = value;
    }
    [above, band] = [band, above];
  }
}

/** @type {(r: number, g: number, b: number) => number} */
function pack32(r, g, b) {
  return ((255 << 24) | ((b + 0.5) << 16) | ((g + 0.5) << 8) | (r + 0.5)) >>> 0;
}

/**
 * Four rows of the grid, blended into the one that a row of pixels crosses.
 * @param {Float64Array} row
 * @param {Float64Array} data
 * @param {number} start of the first of them
 * @param {number} wide
 * @param {Float64Array} weight
 * @param {number} at the first of their weights
 */
function blendRows(row, data, start, wide, weight, at) {
  const [r1, r2, r3] = [start + wide, start + 2 * wide, start + 3 * wide];
  const [a, b, c, d] = [weight[at], weight[at + 1], weight[at + 2], weight[at + 3]];
  for (let i = 0; i < wide; i++)
    row[i] = a * data[start + i] + b * data[r1 + i] + c * data[r2 + i] + d * data[r3 + i];
}

/**
 * The grid's value at a point, cubic like the picture; NaN outside.
 * @type {(padded: Padded, window: View, x: number, y: number) => number}
 */
export function valueAt(padded, window, x, y) {
  const across = weights(1, x, x, window.x0, window.x1, padded.nx);
  const down = weights(1, y, y, window.y0, window.y1, padded.ny);
  const [i, j] = [across.index[0], down.index[0]];
  if (i < 0 || j < 0) return NaN;
  let sum = 0;
  for (let b = 0; b < 4; b++)
    for (let a = 0; a < 4; a++)
      sum += down.weight[b] * across.weight[a] * padded.data[(j + b) * padded.wide + i + a];
  return sum;
}
