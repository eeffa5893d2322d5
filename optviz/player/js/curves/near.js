// The curve that the pointer is nearest to, which stands out from many.

import { seriesAt } from "../data/series.js";

/** @import { Frame, Near } from "../canvas/frame.js" */
/** @import { Series } from "../data/series.js" */
/** @import { CurvePanel } from "./panel.js" */

const REACH = 40; // pixels from the pointer within which a curve is the nearest

/**
 * The curve nearest to a pixel of a panel, or null.
 * @type {(panel: CurvePanel, x: number, y: number, frame: Frame) => Near | null}
 */
export function nearest(panel, x, y, frame) {
  const { xs, ys } = panel.plot;
  let best = null;
  let distance = REACH * frame.scale;
  for (const series of panel.shown(frame)) {
    if (series.thin) continue;
    const off = Math.abs(ys.px(seriesAt(series, xs.value(x))) - y);
    if (off < distance) [best, distance] = [series, off];
  }
  return best && { panel, name: nameOf(best), run: best.run, layer: best.depth };
}

/** What tells a panel's curves apart. @param {Series} series */
export function nameOf({ run, name, style }) {
  return `${run}|${name}|${style}`;
}
