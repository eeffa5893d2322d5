// The small box beside the pointer, and the same numbers in words.

import { NOWHERE } from "../canvas/frame.js";
import { curveRows } from "../curves/rows.js";

/** @import { Frame, Hover, Row } from "../canvas/frame.js" */
/** @import { CurvePanel } from "../curves/panel.js" */

export class Readout {
  constructor() {
    this.element = document.createElement("div");
    this.element.className = "ov-readout";
    this.element.hidden = true;
    this.element.setAttribute("aria-hidden", "true");
    /** @type {Hover} */
    this.hover = NOWHERE;
  }

  /**
   * The pointer is over something.
   * @type {(hover: Hover, head: string, rows: Row[], at: MouseEvent) => void}
   */
  show(hover, head, rows, at) {
    const { element } = this;
    this.hover = hover;
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
    const player = element.parentElement ?? document.body;
    const box = player.getBoundingClientRect();
    const [x, y] = [at.clientX - box.left, at.clientY - box.top];
    const { offsetWidth: width, offsetHeight: height } = element;
    const { clientWidth, clientHeight } = player;
    const left = x + 18 + width < clientWidth - 4 ? x + 18 : x - width - 18;
    element.style.left = `${Math.max(4, left)}px`;
    element.style.top = `${Math.max(4, Math.min(y - height / 2, clientHeight - height - 4))}px`;
  }

  hide() {
    this.element.hidden = true;
  }

  /** The pointer is over nothing. */
  leave() {
    this.hover = NOWHERE;
    this.hide();
  }
}

/**
 * One sentence for a screen reader when the picture stands still.
 * @type {(title: string, curves: CurvePanel | undefined, frame: Frame) => string}
 */
export function summary(title, curves, frame) {
  const { axis } = frame;
  const step = axis.kind === "step" ? Math.floor(frame.step + 1e-9) : frame.step;
  const place = `${axis.words(step)} of ${axis.number(axis.span)}`;
  const parts = [`${title || "Race"}: ${place}.`];
  if (curves) {
    const rows = curveRows(curves, step, frame).map((row) => `${row.label} ${row.text}`);
    parts.push(`${rows.join(", ")}.`);
  }
  for (const run of frame.runs)
    if (run.visible && run.told && step >= run.outcome_at)
      parts.push(`${run.label} ${run.told}.`);
  return parts.join(" ");
}
