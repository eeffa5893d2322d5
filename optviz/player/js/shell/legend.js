// One chip per run: what it looks like, whether it is shown, how it ended.

import { drawGlyph, TONE } from "../canvas/glyphs.js";
import { contextOf } from "../canvas/layers.js";
import { drawMarker } from "../canvas/marks.js";

/** @import { Context } from "../canvas/layers.js" */
/** @import { Theme } from "../canvas/palette.js" */
/** @import { Outcome, Run } from "../data/message.js" */
/** @import { DrawnRun } from "../data/runs.js" */

/**
 * @typedef {object} LegendActions
 * @property {(label: string) => void} toggleRun
 * @property {(label: string) => void} isolateRun
 * @property {(run: number) => void} highlight −1: none
 */
/**
 * @typedef {object} Chip
 * @property {string} label
 * @property {HTMLButtonElement} button
 * @property {HTMLCanvasElement} sample
 * @property {HTMLElement} name
 * @property {HTMLElement} badges
 * @property {number} outcomeAt
 * @property {boolean | null} reached whether the badges stand out; null: not yet known
 */

export class Legend {
  /** @param {LegendActions} actions */
  constructor(actions) {
    this.actions = actions;
    this.element = document.createElement("div");
    this.element.className = "ov-legend";
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", "Runs");
    /** @type {Chip[]} */
    this.chips = [];
  }

  /** @type {(runs: DrawnRun[], theme: Theme) => void} */
  set(runs, theme) {
    const labels = runs.map((run) => run.label);
    if (this.chips.map((chip) => chip.label).join("\n") !== labels.join("\n")) this.build(labels);
    runs.forEach((run, i) => {
      const chip = this.chips[i];
      chip.button.setAttribute("aria-pressed", String(run.visible));
      chip.outcomeAt = run.outcome_at;
      const { label, told, seeds = 1 } = run;
      chip.name.textContent = seeds > 1 ? `${label} (${seeds} seeds)` : label;
      paintSample(chip.sample, run, theme);
      const words = told ? `${label}: ${told}` : label;
      chip.button.title = `${words} (click: show or hide; Alt-click: alone)`;
      chip.badges.textContent = "";
      const found = signs(run);
      for (const [kind, note] of found) chip.badges.append(badge(kind, note));
      chip.badges.hidden = !found.length;
      chip.badges.querySelectorAll("canvas").forEach((canvas, k) => {
        paintGlyph(canvas, found[k][0]);
      });
      chip.reached = null;
    });
  }

  /** Badges appear when the playhead reaches what they tell. @param {number} place */
  update(place) {
    for (const chip of this.chips) {
      const reached = place >= chip.outcomeAt;
      if (reached === chip.reached) continue;
      chip.reached = reached;
      for (const element of chip.badges.children) element.classList.toggle("ov-reached", reached);
    }
  }

  /** @param {string[]} labels */
  build(labels) {
    this.element.textContent = "";
    this.chips = labels.map((label, i) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "ov-chip";
      const sample = document.createElement("canvas");
      sample.setAttribute("aria-hidden", "true");
      const name = document.createElement("span");
      name.className = "ov-name";
      const badges = document.createElement("span");
      badges.className = "ov-badges";
      badges.setAttribute("aria-hidden", "true");
      button.append(sample, name, badges);
      button.addEventListener("mousedown", (event) => event.preventDefault());
      button.addEventListener("click", (event) =>
        event.altKey ? this.actions.isolateRun(label) : this.actions.toggleRun(label),
      );
      button.addEventListener("dblclick", () => this.actions.isolateRun(label));
      button.addEventListener("pointerenter", (event) => {
        if (event.pointerType === "mouse") this.actions.highlight(i);
      });
      button.addEventListener("pointerleave", () => this.actions.highlight(-1));
      this.element.append(button);
      return { label, button, sample, name, badges, outcomeAt: 0, reached: null };
    });
  }
}

/**
 * A run's signs, and what stands beside them: one, none while it is on its way, or one for each
 * count.
 * @type {(run: Pick<Run, "outcome" | "note" | "counts">) => [Outcome, string][]}
 */
export function signs({ outcome, note, counts }) {
  if (counts) return counts.map(([kind, count]) => [kind, String(count)]);
  return outcome && outcome !== "running" ? [[outcome, note ?? ""]] : [];
}

/** @type {(canvas: HTMLCanvasElement, width: number, height: number) => Context} */
function sized(canvas, width, height) {
  const ratio = Math.min(3, globalThis.devicePixelRatio || 1);
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  canvas.style.width = `${width / 16}em`;
  canvas.style.height = `${height / 16}em`;
  const ctx = contextOf(canvas);
  ctx.scale(ratio, ratio);
  return ctx;
}

/** @type {(canvas: HTMLCanvasElement, run: DrawnRun, theme: Theme) => void} */
function paintSample(canvas, run, theme) {
  const ctx = sized(canvas, 34, 16);
  ctx.strokeStyle = run.ink;
  ctx.lineWidth = 2.4;
  ctx.setLineDash(run.dash);
  ctx.beginPath();
  ctx.moveTo(1, 8);
  ctx.lineTo(33, 8);
  ctx.stroke();
  ctx.setLineDash([]);
  drawMarker(ctx, run.marker, 17, 8, 5, run.ink, theme.background, 1.5);
}

/** @type {(kind: Outcome, note: string) => HTMLElement} */
function badge(kind, note) {
  const element = document.createElement("span");
  element.className = `ov-badge ov-${kind}`;
  element.style.color = `light-dark(${TONE[kind].join(", ")})`;
  const text = document.createElement("span");
  text.textContent = note;
  element.append(document.createElement("canvas"), text);
  return element;
}

/** @type {(canvas: HTMLCanvasElement, kind: Outcome) => void} */
function paintGlyph(canvas, kind) {
  const ctx = sized(canvas, 12, 12);
  ctx.strokeStyle = getComputedStyle(canvas).color;
  ctx.lineWidth = 1.9;
  drawGlyph(ctx, kind, 6, 6, 4.2);
}
