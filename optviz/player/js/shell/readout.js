// The small box beside the pointer, and the same numbers in words.

import { formatNumber } from "../data/scales.js";

export class Readout {
  constructor() {
    this.element = document.createElement("div");
    this.element.className = "ov-readout";
    this.element.hidden = true;
    this.element.setAttribute("aria-hidden", "true");
  }

  /**
   * @param {string} head
   * @param {{color, label, text}[]} rows
   * @param {number} x pointer, relative to the player
   * @param {number} y
   */
  show(head, rows, x, y) {
    const { element } = this;
    element.textContent = "";
    const title = document.createElement("div");
    title.className = "ov-readout-head";
    title.textContent = head;
    element.append(title);
    for (const { color, label, text, near } of rows) {
      const row = document.createElement("div");
      row.className = near ? "ov-row ov-near" : "ov-row";
      const dot = document.createElement("i");
      dot.style.background = color;
      const name = document.createElement("span");
      name.textContent = label;
      const value = document.createElement("b");
      value.textContent = text;
      row.append(dot, name, value);
      element.append(row);
    }
    element.hidden = false;
    const box = element.offsetParent || element.parentElement;
    const [width, height] = [element.offsetWidth, element.offsetHeight];
    const right = x + 18 + width < box.clientWidth - 4;
    element.style.left = `${Math.max(4, right ? x + 18 : x - width - 18)}px`;
    element.style.top = `${Math.max(4, Math.min(y - height / 2, box.clientHeight - height - 4))}px`;
  }

  hide() {
    this.element.hidden = true;
  }
}

/** The read-out of a map: place, loss, and where each run is. */
export function mapRows(panel, x, y) {
  return [
    { color: "transparent", label: "x", text: formatNumber(x) },
    { color: "transparent", label: "y", text: formatNumber(y) },
    { color: "transparent", label: "loss", text: formatNumber(panel.lossAt(x, y)) },
  ];
}

const MOST_ROWS = 12;

/**
 * The read-out of curves: every visible run, in order of its value; of very many those about the
 * one that the pointer is nearest to.
 */
export function curveRows(panel, step, frame) {
  const height = ({ value }) => (Number.isFinite(value) ? value : -Number.MAX_VALUE);
  const rows = panel
    .readAt(step, frame)
    .sort((a, b) => height(b) - height(a))
    .map(({ run, name, value, color, near }) => ({
      color,
      near,
      label: name ? `${frame.runs[run].label} ${name}` : frame.runs[run].label,
      // what a diverged seed counts as is no number to be read
      text: panel.panel.worst && Math.abs(value) === Infinity ? "diverged" : formatNumber(value),
    }));
  const near = rows.findIndex((row) => row.near);
  if (near < 0 || rows.length <= MOST_ROWS) return rows;
  const first = Math.min(Math.max(0, near - MOST_ROWS / 2), rows.length - MOST_ROWS);
  return rows.slice(first, first + MOST_ROWS);
}

/** One sentence for a screen reader when the picture stands still. */
export function summary(header, panels, frame) {
  const { axis } = frame;
  const step = axis.kind === "step" ? Math.floor(frame.step + 1e-9) : frame.step;
  const place = `${axis.words(step)} of ${axis.number(axis.span)}`;
  const parts = [`${header.title || "Race"}: ${place}.`];
  const curves = panels.find((panel) => panel.kind === "curves");
  if (curves) {
    const rows = curveRows(curves, step, frame).map((row) => `${row.label} ${row.text}`);
    parts.push(`${rows.join(", ")}.`);
  }
  for (const run of frame.runs)
    if (run.visible && run.told && step >= run.outcome_at)
      parts.push(`${run.label} ${run.told}.`);
  return parts.join(" ");
}
