// The runs of a message, with what the viewer chose of them.

/** @import { Header, Run } from "./message.js" */

/**
 * A run as it is drawn.
 * @typedef {Run & {outcome_at: number, ink: string}} DrawnRun `outcome_at` on the axis; `ink` is
 *   its colour on the page as that is now
 */

/**
 * @param {Header} header
 * @param {Map<string, boolean>} chosen label → shown
 * @param {(run: Run) => number} place where on the axis a run's outcome shows
 * @returns {DrawnRun[]}
 */
export function runsOf(header, chosen, place) {
  return header.runs.map((run) => ({
    ...run,
    visible: chosen.get(run.label) ?? run.visible,
    outcome_at: place(run),
    ink: run.color,
  }));
}

/**
 * One run alone; where it stands alone already, all of them: label → shown.
 * @type {(runs: Run[], label: string) => Map<string, boolean>}
 */
export function alone(runs, label) {
  const already = runs.every((run) => run.visible === (run.label === label));
  return new Map(runs.map((run) => [run.label, already || run.label === label]));
}
