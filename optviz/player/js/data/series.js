// Curves as numbers: medians, values between steps, ranges, thinning.

/** @import { ScaleKind, SeriesData, Style } from "./message.js" */

/** @typedef {ArrayLike<number>} Line a value for each point */
/**
 * A curve ready to draw.
 * @typedef {object} Series
 * @property {number} run
 * @property {string | null} name
 * @property {Style} style
 * @property {number | null} constant one number throughout; the curve has no points then
 * @property {Line | null} x steps of its points; null: every step is one
 * @property {Line} main what dots and read-outs read
 * @property {Line[]} lines the single starts behind it
 * @property {[Line, Line] | null} band low and high
 * @property {number | null} depth a layer's place from first, 0, to last, 1
 * @property {boolean} [paced] it may end before the playhead does
 * @property {boolean} [thin] a single seed beside the curve of all
 */
/** @typedef {{place: number, of: number}} Share a curve's place among those that it lies on */

/**
 * A packed series made ready to draw.
 * @type {(series: SeriesData) => Series}
 */
export function prepareSeries(series) {
  const { run, name = null, style = "solid" } = series;
  const none = { constant: null, x: null, main: [], lines: [], band: null, depth: null };
  const base = { run, name, style, ...none };
  if (series.constant !== undefined) return { ...base, constant: series.constant };
  if (!series.y) return base;
  const { data, shape } = series.y;
  const x = series.x ? series.x.data : null;
  /** @type {[Line, Line] | null} */
  const band = series.band ? [series.band[0].data, series.band[1].data] : null;
  if (shape.length < 2 || shape[0] === 1) return { ...base, x, main: data, band };
  const [count, length] = shape;
  const lines = Array.from({ length: count }, (_, i) =>
    data.subarray(i * length, (i + 1) * length),
  );
  return { ...base, x, main: medianOf(lines, length), lines, band };
}

/**
 * The middle of the lines at each step; a value that is not finite counts as the worst.
 * @type {(lines: Line[], length: number) => Float64Array}
 */
export function medianOf(lines, length) {
  const out = new Float64Array(length);
  const column = new Float64Array(lines.length);
  for (let i = 0; i < length; i++) {
    lines.forEach((line, k) => (column[k] = Number.isNaN(line[i]) ? Infinity : line[i]));
    column.sort();
    const half = lines.length >> 1;
    out[i] = lines.length % 2 ? column[half] : (column[half - 1] + column[half]) / 2;
  }
  return out;
}

/**
 * How many points lie at or before `step`.
 * @type {(series: Series, step: number) => number}
 */
export function countUpTo(series, step) {
  const { x, main } = series;
  if (!x) return Math.min(main.length, Math.floor(step + 1e-9) + 1);
  let [low, high] = [0, x.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle] <= step + 1e-9) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The value at a step, between two points on the straight line; NaN where there is none.
 * @type {(series: Series, step: number) => number}
 */
export function seriesAt(series, step) {
  if (series.constant !== null) return series.constant;
  const { x, main } = series;
  const after = countUpTo(series, step);
  if (!main.length) return NaN;
  if (after === 0) return x ? NaN : main[0];
  if (after >= main.length) return main[main.length - 1];
  const a = x ? x[after - 1] : after - 1;
  const b = x ? x[after] : after;
  const u = (step - a) / (b - a || 1);
  if (u < 1e-6) return main[after - 1];
  return main[after - 1] + (main[after] - main[after - 1]) * u;
}

/**
 * Where the stretch without a number that a playhead stands in began; null: it has a number.
 * @type {(series: Series, step: number) => number | null}
 */
export function lostAt(series, step) {
  if (series.constant !== null || !series.main.length) return null;
  const { x, main } = series;
  let i = countUpTo(series, step) - 1;
  if (i < 0 || Number.isFinite(main[i])) return null;
  while (i > 0 && !Number.isFinite(main[i - 1])) i--;
  return x ? x[i] : i;
}

/**
 * Curves that lie on each other: for each of them its place among how many.
 * @param {Series[]} list
 * @returns {Map<Series, Share>} none for a curve that lies alone
 */
export function shares(list) {
  /** @type {Series[][]} */
  const groups = [];
  for (const series of list) {
    const home = groups.find(([first]) => coincide(first, series));
    if (home) home.push(series);
    else groups.push([series]);
  }
  const found = new Map();
  for (const group of groups)
    if (group.length > 1)
      group.forEach((series, place) => found.set(series, { place, of: group.length }));
  return found;
}

/** @type {(a: Series, b: Series) => boolean} */
function coincide(a, b) {
  if (a.style !== "solid" || b.style !== "solid" || a.thin || b.thin) return false;
  if (a.constant !== null || b.constant !== null) return a.constant === b.constant;
  /** @type {(p: Line, q: Line) => boolean} */
  const same = (p, q) => {
    let i = 0;
    while (i < p.length && Object.is(p[i], q[i])) i++;
    return i === p.length && i === q.length;
  };
  if (a.x && b.x ? !same(a.x, b.x) : a.x !== b.x) return false;
  return a.main.length > 1 && same(a.main, b.main);
}

/** The last place that has a value; a constant has one everywhere. @param {Series} series */
export function lastPlace(series) {
  if (series.constant !== null) return Infinity;
  return series.x ? (series.x[series.x.length - 1] ?? 0) : series.main.length - 1;
}

/**
 * The range of an axis over [from, to] steps.
 * A run that diverges may grow tenfold past all others and then leaves the picture: 10¹² would
 * flatten everybody else. Log axes reach down to the smallest positive value, at most 20 decades.
 * @param {Series[]} shown prepared series that are visible
 * @param {boolean[]} diverged by run
 * @param {(number | null)[]} leaves by run, the step after which an escaping run counts no more
 * @param {ScaleKind} kind
 * @param {number} from
 * @param {number} to
 */
export function valueRange(shown, diverged, leaves, kind, from, to) {
  let [lo, hi, tame] = [Infinity, -Infinity, -Infinity];
  /** @type {(value: number, wild: boolean) => void} */
  const visit = (value, wild) => {
    if (!Number.isFinite(value) || (kind === "log" && value <= 0)) return;
    if (value < lo) lo = value;
    if (value > hi) hi = value;
    if (!wild && value > tame) tame = value;
  };
  for (const series of shown) {
    const wild = diverged[series.run];
    if (series.constant !== null) {
      visit(series.constant, wild);
      continue;
    }
    const { x, main, lines, band } = series;
    const first = Math.max(0, countUpTo(series, from) - 1);
    const last = Math.min(main.length, countUpTo(series, to) + 1);
    const until = leaves?.[series.run] ?? Infinity;
    const all = lines.length ? lines : band ? [main, ...band] : [main];
    for (const line of all) {
      for (let i = first; i < last && (x ? x[i] : i) <= until; i++) visit(line[i], wild);
      if (wild && from <= 0) visit(line[0], false);
    }
  }
  if (!(hi >= lo)) return kind === "log" ? { lo: 0.1, hi: 10 } : { lo: 0, hi: 1 };
  if (Number.isFinite(tame))
    hi = Math.min(hi, kind === "log" ? tame * 10 : tame + Math.abs(tame - lo) * 0.5 + 1e-300);
  return padded(kind, lo, Math.max(lo, hi));
}

/** @type {(kind: ScaleKind, lo: number, hi: number) => {lo: number, hi: number}} */
function padded(kind, lo, hi) {
  if (kind === "log") {
    const floor = Math.max(lo, hi * 1e-20);
    const room = Math.max(0.05 * Math.log10(hi / floor), 0.04);
    return { lo: floor / 10 ** room, hi: hi * 10 ** room };
  }
  if (lo === hi) {
    const room = Math.abs(lo) || 1;
    return lo > 0 ? { lo: 0, hi: lo + room * 0.5 } : { lo: lo - room * 0.5, hi: hi + room * 0.5 };
  }
  const room = (hi - lo) * 0.06;
  return { lo: lo >= 0 && lo < hi * 0.35 ? 0 : lo - room, hi: hi + room };
}
