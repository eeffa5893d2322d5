// What a viewer of trainings chose, kept by the browser.

/** @import { AxisKind, Header, PanelData } from "./message.js" */
/** @import { DrawnRun } from "./runs.js" */

const KEY = "optviz.training";

/** The browser's store, or null where a page may not have one. */
export function browserStore() {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}

export class Choices {
  /** @param {Pick<Storage, "getItem" | "setItem"> | null} store */
  constructor(store) {
    this.store = store;
    /** @type {Record<string, boolean>} key of a panel → shown; others stand as Python asks */
    this.shown = {};
    this.axis = "step";
    this.singles = false; // whether single seeds are drawn
    /** @type {string | null} label of a run, "" for the median of each; null: not chosen */
    this.layersOf = null;
    this.read();
  }

  read() {
    try {
      const kept = JSON.parse(this.store?.getItem(KEY) ?? "{}");
      if (typeof kept.panels === "object" && kept.panels) this.shown = kept.panels;
      this.axis = String(kept.axis ?? "step");
      this.singles = kept.singles === true;
    } catch {
      // a damaged or forbidden store is no choice
    }
  }

  write() {
    const { shown: panels, axis, singles } = this;
    try {
      this.store?.setItem(KEY, JSON.stringify({ panels, axis, singles }));
    } catch {
      // a full or forbidden store: the choice holds as long as the page
    }
  }

  /** The panels that are shown; a message without keys shows all. @param {Header} header */
  panels(header) {
    const shown = header.panels.filter((panel) => this.shows(panel));
    return shown.length ? shown : header.panels.slice(0, 1);
  }

  /** @param {PanelData} panel */
  shows(panel) {
    if (panel.kind === "map" || panel.key === undefined) return true;
    return this.shown[panel.key] ?? panel.chosen;
  }

  /** @type {(key: string, on: boolean) => void} */
  show(key, on) {
    this.shown[key] = on;
    this.write();
  }

  /**
   * The axis that was chosen, where the message has it.
   * @type {(header: Pick<Header, "axes">) => AxisKind}
   */
  axisOf(header) {
    return header.axes?.find((kind) => kind === this.axis) ?? "step";
  }

  /** @param {{axis?: AxisKind, singles?: boolean}} chosen */
  choose(chosen) {
    Object.assign(this, chosen);
    this.write();
  }

  /**
   * Whose layers are drawn: that run's number; −1: of every run the middle one.
   * @param {Pick<DrawnRun, "label" | "visible">[]} runs
   */
  layerRun(runs) {
    if (this.layersOf === "") return -1;
    const visible = runs.flatMap((run, i) => (run.visible ? [i] : []));
    const named = runs.findIndex((run) => run.label === this.layersOf && run.visible);
    if (named >= 0) return named;
    return visible.length === 1 ? visible[0] : -1; // a run that stands alone shows all it has
  }
}
