// One chip per run: what it looks like, whether it is shown, how it ended.

import { drawGlyph, TONE } from "../canvas/glyphs.js";
import { drawMarker } from "../canvas/marks.js";

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
      const told = run.told ? `${run.label}: ${run.told}` : run.label;
      chip.button.title = `${told} (click: show or hide; Alt-click: alone)`;
      chip.badges.textContent = "";
      for (const [kind, note] of signs(run)) chip.badges.append(badge(kind, note));
      chip.badges.hidden = !chip.badges.childElementCount;
      for (const element of chip.badges.children) paintGlyph(element);
      chip.reached = null;
    });
  }

  /** Badges appear when the playhead reaches what they tell. */
  update(place) {
    for (const chip of this.chips) {
      const reached = place >= chip.run.outcome_at;
      if (reached === chip.reached) continue;
      chip.reached = reached;
      for (const element of chip.badges.children) element.classList.toggle("ov-reached", reached);
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
      const badges = document.createElement("span");
      badges.className = "ov-badges";
      badges.setAttribute("aria-hidden", "true");
      button.append(sample, name, badges);
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
      return { label, button, sample, name, badges, run: null, reached: null };
    });
  }
}

/** A run's signs, `[[outcome, note]]`: one, none while it is on its way, or one for each count. */
export function signs({ outcome, note, counts }) {
  if (counts) return counts.map(([kind, count]) => [kind, String(count)]);
  return outcome && outcome !== "running" ? [[outcome, String(note ?? "")]] : [];
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

function badge(kind, note) {
  const element = document.createElement("span");
  element.className = `ov-badge ov-${kind}`;
  element.style.color = `light-dark(${TONE[kind].join(", ")})`;
  element.dataset.kind = kind;
  const text = document.createElement("span");
  text.textContent = note;
  element.append(document.createElement("canvas"), text);
  return element;
}

function paintGlyph(element) {
  const ctx = sized(element.firstChild, 12, 12);
  ctx.strokeStyle = getComputedStyle(element).color;
  ctx.lineWidth = 1.9;
  drawGlyph(ctx, element.dataset.kind, 6, 6, 4.2);
}
