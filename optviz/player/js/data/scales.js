// Axes: from values to pixels, round ticks, and numbers as text.

/** @import { ScaleKind } from "./message.js" */

/** @typedef {{kind: ScaleKind, lo: number, hi: number}} Range what an axis covers */
/**
 * A range and its place on the screen.
 * @typedef {Range & {from: number, to: number, px: ToPixel, value: ToPixel}} Scale `value` is the
 *   way back
 */
/** @typedef {(value: number) => number} ToPixel */
/** @typedef {{value: number, text: string, raised: string}} Tick `raised` is an exponent */

const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** @type {(value: number, low: number, high: number) => number} */
export function clamp(value, low, high) {
  return value < low ? low : value > high ? high : value;
}

/**
 * The smallest of 1, 2, 5 × 10^k that divides `span` into at most `count` parts.
 * @type {(span: number, count: number) => number}
 */
export function niceStep(span, count) {
  if (!(span > 0)) return 1;
  const raw = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const lead = raw / power;
  return power * (lead <= 1.0001 ? 1 : lead <= 2.0001 ? 2 : lead <= 5.0001 ? 5 : 10);
}

/**
 * A map from [lo, hi] to pixels [from, to].
 * Values ≤ 0 have no logarithm: on a log axis they are drawn at its floor. What is no number has
 * no place.
 * @type {(kind: ScaleKind, lo: number, hi: number, from: number, to: number) => Scale}
 */
export function makeScale(kind, lo, hi, from, to) {
  const log = kind === "log";
  /** @type {ToPixel} */
  const forward = log ? (v) => Math.log10(v > 0 ? v : lo) : (v) => v;
  const a = forward(lo);
  const b = forward(hi);
  const k = b === a ? 0 : (to - from) / (b - a);
  return {
    kind,
    lo,
    hi,
    from,
    to,
    px: log
      ? (v) => from + ((v > lo ? Math.log10(v) : v <= lo ? a : NaN) - a) * k
      : (v) => from + (v - a) * k,
    value: (px) => {
      const u = k === 0 ? a : a + (px - from) / k;
      return log ? 10 ** u : u;
    },
  };
}

/**
 * Round values within a range, at most about `count` of them.
 * @type {(range: Range, count: number, whole?: boolean) => Tick[]}
 */
export function makeTicks(scale, count, whole = false) {
  if (scale.kind === "log") return logTicks(scale.lo, scale.hi, count);
  let step = niceStep(scale.hi - scale.lo, count);
  if (whole) step = Math.max(1, Math.round(step));
  /** @type {Tick[]} */
  const ticks = [];
  const first = Math.ceil(scale.lo / step - 1e-9);
  const last = Math.floor(scale.hi / step + 1e-9);
  const biggest = Math.max(Math.abs(first), Math.abs(last)) * step;
  for (let i = first; i <= last && ticks.length < 50; i++)
    ticks.push({ value: i * step, ...tickText(i * step, step, biggest) });
  return ticks;
}

/** @type {(value: number, step: number, biggest: number) => Omit<Tick, "value">} */
function tickText(value, step, biggest) {
  if (value === 0) return { text: "0", raised: "" };
  if (biggest >= 1e5 || biggest < 1e-2) {
    const power = Math.floor(Math.log10(step) + 1e-9);
    return { text: `${minus((value / 10 ** power).toFixed(0))}·10`, raised: minus(String(power)) };
  }
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return { text: minus(value.toFixed(digits)), raised: "" };
}

/** @type {(lo: number, hi: number, count: number) => Tick[]} */
function logTicks(lo, hi, count) {
  const first = Math.ceil(Math.log10(lo) - 1e-9);
  const last = Math.floor(Math.log10(hi) + 1e-9);
  /** @type {Tick[]} */
  const ticks = [];
  if (last - first >= 1) {
    const every = Math.max(1, Math.ceil((last - first + 1) / Math.max(2, count)));
    const aligned = Math.ceil(first / every) * every;
    for (let k = aligned; k <= last; k += every) ticks.push(powerTick(k));
    if (ticks.length >= 2) return ticks;
  }
  ticks.length = 0;
  for (let k = first - 1; k <= last; k++)
    for (const lead of [1, 2, 5]) {
      const value = lead * 10 ** k;
      if (value < lo * 0.9999 || value > hi * 1.0001) continue;
      ticks.push({ value, ...plainOrPower(lead, k) });
    }
  if (ticks.length >= 2) return ticks;
  return makeTicks({ kind: "linear", lo, hi }, Math.max(2, count - 1));
}

/** @type {(k: number) => Tick} */
function powerTick(k) {
  if (k === 0 || k === 1) return { value: 10 ** k, text: String(10 ** k), raised: "" };
  return { value: 10 ** k, text: "10", raised: minus(String(k)) };
}

/** @type {(lead: number, k: number) => Omit<Tick, "value">} */
function plainOrPower(lead, k) {
  if (k >= -3 && k <= 4) return { text: (lead * 10 ** k).toFixed(Math.max(0, -k)), raised: "" };
  return { text: lead === 1 ? "10" : `${lead}·10`, raised: minus(String(k)) };
}

/** A true minus sign in place of the hyphen. @param {string} text */
export function minus(text) {
  return text.replace("-", "−");
}

/**
 * A value for a read-out: four digits, powers of ten outside 0.001 … 100000.
 * @param {number} value
 */
export function formatNumber(value, digits = 4) {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e5) {
    const text = Number(value.toPrecision(digits)).toString();
    return minus(text);
  }
  const [lead, power] = value.toExponential(Math.max(0, digits - 2)).split("e");
  const raised = String(Number(power)).replace(/[-\d]/g, (c) =>
    c === "-" ? "⁻" : RAISED[Number(c)],
  );
  return `${minus(lead)}·10${raised}`;
}
