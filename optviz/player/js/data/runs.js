// The runs of a message, with what the viewer chose of them.

/**
 * @param {object} header
 * @param {Map<string, boolean>} chosen label → shown
 * @param {(run: object) => number} place where on the axis a run's outcome shows
 */
export function runsOf(header, chosen, place) {
  return header.runs.map((run) => ({
    outcome: null,
    outcome_step: null,
    dash: [],
    marker: "circle",
    ...run,
    visible: chosen.get(run.label) ?? run.visible !== false,
    outcome_at: place(run),
  }));
}

/** One run alone; where it stands alone already, all of them: label → shown. */
export function alone(runs, label) {
  const already = runs.every((run) => run.visible === (run.label === label));
  return new Map(runs.map((run) => [run.label, already || run.label === label]));
}
