// The bar above the curves of a training: which panels, over what, with single seeds or without.

import { AXIS_NAMES } from "../data/axis.js";

/** @import { Axis } from "../data/axis.js" */
/** @import { Choices } from "../data/choices.js" */
/** @import { AxisKind, Header, PanelData } from "../data/message.js" */

/** @typedef {{label: HTMLLabelElement, input: HTMLInputElement}} Choice */
/**
 * @typedef {object} OptionActions
 * @property {(key: string, on: boolean) => void} showPanel
 * @property {(kind: AxisKind) => void} axis
 * @property {(on: boolean) => void} singles
 */

let made = 0; // radio buttons of two players on one page must not share a name

/** @type {(type: string, text: string, onChange: (on: boolean) => void) => Choice} */
function choice(type, text, onChange) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  input.type = type;
  input.addEventListener("change", () => onChange(input.checked));
  const words = document.createElement("span");
  words.textContent = text;
  label.append(input, words);
  return { label, input };
}

export class Options {
  /** @param {OptionActions} actions */
  constructor(actions) {
    this.actions = actions;
    this.element = document.createElement("div");
    this.element.className = "ov-options";
    this.element.hidden = true;
    this.button = document.createElement("button");
    this.button.type = "button";
    this.button.className = "ov-menu-button";
    this.button.setAttribute("aria-expanded", "false");
    this.button.addEventListener("click", () => this.open(Boolean(this.menu.hidden)));
    this.menu = document.createElement("div");
    this.menu.className = "ov-menu";
    this.menu.setAttribute("role", "group");
    this.menu.setAttribute("aria-label", "Panels shown");
    this.menu.hidden = true;
    const holder = document.createElement("div");
    holder.className = "ov-menu-holder";
    holder.append(this.button, this.menu);
    holder.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || this.menu.hidden) return;
      event.stopPropagation();
      this.open(false);
      this.button.focus();
    });
    /** @param {Event} event */
    this.outside = (event) => {
      if (!event.composedPath().includes(holder)) this.open(false);
    };
    document.addEventListener("pointerdown", this.outside, true);
    document.addEventListener("focusin", this.outside, true);
    this.axes = document.createElement("div");
    this.axes.className = "ov-axes";
    this.axes.setAttribute("role", "radiogroup");
    this.axes.setAttribute("aria-label", "Horizontal axis");
    this.singles = choice("checkbox", "Single seeds", (on) => actions.singles(on));
    this.singles.label.className = "ov-switch";
    this.element.append(holder, this.axes, this.singles.label);
    this.name = `ov-axis-${(made += 1)}`;
    this.built = "";
    /** @type {Map<string, Choice>} by the key of a panel */
    this.boxes = new Map();
    /** @type {Map<AxisKind, Choice>} */
    this.radios = new Map();
  }

  /**
   * Shows what a message offers and what is chosen of it.
   * @type {(header: Header, choices: Choices, axis: Axis) => void}
   */
  set(header, choices, axis) {
    this.element.hidden = !header.axes;
    if (!header.axes) return;
    const { axes, panels } = header;
    const offer = [...axes, "", ...panels.map((panel) => panel.key + panel.title)].join();
    if (offer !== this.built) this.build(axes, panels);
    this.built = offer;
    const shown = choices.panels(header).map((panel) => panel.key);
    for (const [key, { input }] of this.boxes) {
      input.checked = shown.includes(key);
      input.disabled = input.checked && shown.length === 1; // one always stays
    }
    this.button.textContent = `Panels ${shown.length}/${panels.length}`;
    for (const [kind, { input }] of this.radios) input.checked = kind === axis.kind;
    this.singles.label.hidden = !header.runs.some((run) => (run.seeds ?? 1) > 1);
    this.singles.input.checked = choices.singles;
  }

  /** @type {(axes: AxisKind[], panels: PanelData[]) => void} */
  build(axes, panels) {
    this.menu.textContent = this.axes.textContent = "";
    this.boxes = new Map(
      panels.map(({ key = "", title }) => [
        key,
        choice("checkbox", title.split(/[:,]/)[0], (on) => this.actions.showPanel(key, on)),
      ]),
    );
    for (const { label } of this.boxes.values()) this.menu.append(label);
    this.radios = new Map(
      axes.map((kind) => [kind, choice("radio", AXIS_NAMES[kind], () => this.actions.axis(kind))]),
    );
    for (const { label, input } of this.radios.values()) {
      input.name = this.name;
      this.axes.append(label);
    }
    this.axes.hidden = axes.length < 2;
  }

  /** @param {boolean} on */
  open(on) {
    this.menu.hidden = !on;
    this.button.setAttribute("aria-expanded", String(on));
  }

  destroy() {
    document.removeEventListener("pointerdown", this.outside, true);
    document.removeEventListener("focusin", this.outside, true);
  }
}
