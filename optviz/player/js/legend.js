// One chip per run: what it looks like, whether it is shown, how it ended.

import { drawMarker } from "./marks.js";
import { drawGlyph } from "./labels.js";

const ENDS = { escaped: "escaped (the loss has no lower bound)" };

export class Legend {
  /** @param {object} actions toggle(label), isolate(label), highlight(run or −1) */
  constructor(actions) {
    this.actions = actions;
    this.element = document.createElement("div");
    this.element.className = "ov-legend";
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", "Runs");
    this.chips = [];
  }

  set(runs, theme) {
    const labels = runs.map((run) => run.label);
    if (this.chips.map((chip) => chip.label).join("\n") !== labels.join("\n")) this.build(labels);
    runs.forEach((run, i) => {
      const chip = this.chips[i];
      chip.button.setAttribute("aria-pressed", String(run.visible));
      chip.run = run;
      chip.name.textContent = run.seeds > 1 ? `${run.label} (${run.seeds} seeds)` : run.label;
      paintSample(chip.sample, run, theme);
      const ended = run.outcome && run.outcome !== "running";
      const step = ended && Number.isFinite(run.outcome_step) ? ` at step ${run.outcome_step}` : "";
      chip.button.title = ended
        ? `${run.label}: ${ENDS[run.outcome] || run.outcome}${step}`
        : `${run.label} (click: show or hide; Alt-click: alone)`;
      const kind = ended ? run.outcome : run.badge ? "converged" : null;
      chip.badge.className = `ov-badge ov-${kind || "none"}`;
      chip.note.textContent = run.badge || (ended ? String(run.outcome_step ?? "") : "");
      if (kind) paintGlyph(chip.glyph, kind, chip.badge);
      chip.badge.hidden = !kind;
      chip.reached = null;
    });
  }

  /** Badges appear when the playhead reaches what they tell. */
  update(place) {
    for (const chip of this.chips) {
      const { badge, outcome, outcome_at } = chip.run;
      const reached = Boolean(badge && !outcome) || place >= outcome_at;
      if (reached === chip.reached) continue;
      chip.reached = reached;
      chip.badge.classList.toggle("ov-reached", reached);
    }
  }

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
      const badge = document.createElement("span");
      const glyph = document.createElement("canvas");
      const note = document.createElement("span");
      badge.append(glyph, note);
      badge.setAttribute("aria-hidden", "true");
      button.append(sample, name, badge);
      button.addEventListener("mousedown", (event) => event.preventDefault());
      button.addEventListener("click", (event) =>
        event.altKey ? this.actions.isolate(label) : this.actions.toggle(label),
      );
      button.addEventListener("dblclick", () => this.actions.isolate(label));
      button.addEventListener("pointerenter", (event) => {
        if (event.pointerType === "mouse") this.actions.highlight(i);
      });
      button.addEventListener("pointerleave", () => this.actions.highlight(-1));
      this.element.append(button);
      return { label, button, sample, name, badge, glyph, note, run: null, reached: null };
    });
  }
}

function sized(canvas, width, height) {
  const ratio = Math.min(3, globalThis.devicePixelRatio || 1);
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  canvas.style.width = `${width / 16}em`;
  canvas.style.height = `${height / 16}em`;
  const ctx = canvas.getContext("2d");
  ctx.scale(ratio, ratio);
  return ctx;
}

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

function paintGlyph(canvas, outcome, badge) {
  const ctx = sized(canvas, 12, 12);
  ctx.strokeStyle = getComputedStyle(badge).color;
  ctx.lineWidth = 1.9;
  drawGlyph(ctx, outcome, 6, 6, 4.2);
}
