// A training's curves as they are drawn: seeds gathered into a median and its band, layers apart.

import { medianOf } from "./series.js";

/** @import { Axis } from "./axis.js" */
/** @import { CurveData, SeriesData, Worst } from "./message.js" */
/** @import { Line, Series } from "./series.js" */

/**
 * A seed's curve, or a layer's.
 * @typedef {Pick<Series, "run" | "name" | "style" | "constant" | "x">
 *   & {member: number, y: Line, depth?: number}} Curve
 */

const WORST = { high: Infinity, low: -Infinity };
const LAG = 0.1; // of a curve, by which seeds that train by turns are apart

/**
 * One panel's series, ready to draw: see `prepareSeries`.
 * @param {Pick<CurveData, "series" | "layers" | "worst">} panel where it names `layers`, a series
 *   has a row for each
 * @param {Axis} axis where every member's steps lie
 * @param {{singles: boolean, run: number}} choice whether the single seeds are drawn too; whose
 *   layers are drawn, −1: of everyone the middle one
 * @returns {Series[]}
 */
export function gather(panel, axis, { singles, run }) {
  /** @type {Map<string, Curve[]>} */
  const groups = new Map();
  for (const series of panel.series)
    for (const curve of curvesOf(series, panel.layers, run)) {
      const key = [curve.run, curve.name, curve.style].join("|");
      const group = groups.get(key);
      if (group) group.push(curve);
      else groups.set(key, [curve]);
    }
  const out = [];
  for (const curves of groups.values()) {
    const whole = together(curves, axis, panel.worst);
    out.push(whole);
    const many = curves.length > 1 && whole.constant === null;
    if (many && singles && whole.style !== "thin" && whole.style !== "dashed")
      for (const curve of curves)
        out.push({ ...placed({ ...curve, style: "solid" }, axis), thin: true });
  }
  return out;
}

/** @type {(series: SeriesData) => Curve} */
function curveOf({ run, member = 0, name = null, style = "solid", constant = null, x, y }) {
  return { run, member, name, style, constant, x: x ? x.data : null, y: y ? y.data : [] };
}

/**
 * A curve for each layer of the run that was chosen; without one, each run's median layer.
 * @type {(series: SeriesData, layers: CurveData["layers"], run: number) => Curve[]}
 */
function curvesOf(series, layers, run) {
  const { y: table } = series;
  if (!layers || !table) return [curveOf(series)];
  if (run >= 0 && series.run !== run) return [];
  const [count, length] = table.shape;
  const rows = Array.from({ length: count }, (_, i) =>
    table.data.subarray(i * length, (i + 1) * length),
  );
  const base = { ...curveOf(series), name: null };
  if (run < 0) return [{ ...base, y: count === 1 ? rows[0] : medianOf(rows, length) }];
  return rows.map((y, i) => ({
    ...base,
    y,
    name: layers[run]?.[i] ?? null,
    depth: count > 1 ? i / (count - 1) : 0,
  }));
}

/** @type {(curve: Curve, axis: Axis) => Series} */
function placed(curve, axis) {
  const { run, name, style, constant, y, depth = null } = curve;
  const none = { lines: [], band: null, x: null, main: [] };
  const base = { run, name, style, constant, depth, paced: true, ...none };
  if (constant !== null) return base;
  const onSteps = axis.kind === "step";
  return { ...base, main: y, x: onSteps ? curve.x : axis.places([curve.member], stepsOf(curve)) };
}

/** @type {(curve: Curve) => Line} */
function stepsOf({ x, y }) {
  return x || Float64Array.from(y, (_, i) => i);
}

/**
 * Median, least and greatest of the seeds that have come so far, at the steps of the longest.
 * Where a panel says what is worst, a seed that diverged counts as that from then on: the median
 * of those that are left would be too good. The band is that of the finite values.
 * @type {(curves: Curve[], axis: Axis, worst?: Worst) => Series}
 */
function together(curves, axis, worst) {
  if (curves.length === 1 || curves[0].constant !== null) return placed(curves[0], axis);
  const longest = curves.reduce((a, b) => (b.y.length > a.y.length ? b : a));
  let steps = stepsOf(longest);
  const own = curves.map((curve) => ({
    y: curve === longest ? curve.y : resampled(curve, steps),
    after: worst && axis.members[curve.member].diverged ? WORST[worst] : null,
  }));
  // the few steps that not all have done yet would make the curve's end leap at every look
  const common = Math.min(...own.map(({ y, after }) => (after === null ? y.length : Infinity)));
  if (common >= (1 - LAG) * steps.length) steps = Float64Array.from(steps).subarray(0, common);
  const [low, high, main] = [0, 1, 2].map(() => new Float32Array(steps.length).fill(NaN));
  for (let i = 0; i < steps.length; i++) {
    /** @type {number[]} */
    const column = [];
    for (const { y, after } of own) {
      const value = i < y.length && !Number.isNaN(y[i]) ? y[i] : after;
      if (value !== null) column.push(value);
    }
    if (!column.length) continue;
    column.sort((a, b) => a - b);
    const half = column.length >> 1;
    main[i] = column.length % 2 ? column[half] : (column[half - 1] + column[half]) / 2;
    const finite = column.filter(Number.isFinite);
    low[i] = finite[0];
    high[i] = finite[finite.length - 1];
  }
  const members = axis.kind === "second" ? curves.map(({ member }) => member) : [longest.member];
  // without an array of its own, a curve has a point at every step
  const x = axis.kind === "step" ? longest.x && steps : axis.places(members, steps);
  const spread = low.some((value, i) => value < high[i]);
  const quiet = curves[0].style === "dashed" || curves[0].style === "thin";
  return { ...placed(longest, axis), x, main, band: spread && !quiet ? [low, high] : null };
}

/**
 * A curve's values at other steps, as far as it goes.
 * @type {(curve: Curve, steps: Line) => Float32Array}
 */
function resampled(curve, steps) {
  const { x, y } = curve;
  /** @type {(i: number) => number} */
  const at = (i) => (x ? x[i] : i);
  const out = [];
  let k = 0;
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i];
    if (!y.length || step > at(y.length - 1)) break;
    while (k < y.length - 1 && at(k + 1) <= step) k++;
    const next = Math.min(k + 1, y.length - 1);
    const u = step > at(k) ? (step - at(k)) / (at(next) - at(k)) : 0;
    out.push(u === 0 ? y[k] : y[k] + u * (y[next] - y[k]));
  }
  return Float32Array.from(out);
}
