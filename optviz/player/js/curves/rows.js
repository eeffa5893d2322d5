// The numbers of a panel's curves at a place, as rows of the read-out.

import { formatNumber } from "../data/scales.js";
import { seriesAt } from "../data/series.js";
import { inkOf } from "./strokes.js";

/** @import { Frame, Row } from "../canvas/frame.js" */
/** @import { CurvePanel } from "./panel.js" */

const MOST_ROWS = 12;

/**
 * Every visible curve in order of its value; of very many those about the one that the pointer is
 * nearest to.
 * @type {(panel: CurvePanel, step: number, frame: Frame) => Row[]}
 */
export function curveRows(panel, step, frame) {
  const { worst } = panel.data;
  const rows = panel
    .shown(frame)
    .filter((series) => !series.thin)
    .map((series) => ({ series, value: seriesAt(series, step) }))
    .sort((a, b) => height(b.value) - height(a.value))
    .map(({ series, value }) => {
      const { label } = frame.runs[series.run];
      return {
        color: inkOf(series, frame),
        near: panel.isNear(series, frame),
        label: series.name ? `${label} ${series.name}` : label,
        // what a diverged seed counts as is no number to be read
        text: worst && Math.abs(value) === Infinity ? "diverged" : formatNumber(value),
      };
    });
  const near = rows.findIndex((row) => row.near);
  if (near < 0 || rows.length <= MOST_ROWS) return rows;
  const first = Math.min(Math.max(0, near - MOST_ROWS / 2), rows.length - MOST_ROWS);
  return rows.slice(first, first + MOST_ROWS);
}

/** Where a value stands among others; what is no number stands below them all. @param {number} v */
function height(v) {
  return Number.isFinite(v) ? v : -Number.MAX_VALUE;
}
