// What a viewer of trainings chose, kept by the browser.

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
  /** @param {Storage | null} store */
  constructor(store) {
    this.store = store;
    const { panels, axis, singles } = this.read();
    this.shown = panels; // key of a panel → shown; keys that are missing stand as Python asks
    this.axis = axis;
    this.singles = singles; // whether single seeds are drawn
    this.layersOf = null; // label of a run, "" for the median of each; null: not chosen
  }

  read() {
    const nothing = { panels: {}, axis: "step", singles: false };
    try {
      const kept = JSON.parse(this.store?.getItem(KEY) ?? "{}");
      const panels = typeof kept.panels === "object" && kept.panels ? kept.panels : {};
      return { panels, axis: String(kept.axis ?? "step"), singles: kept.singles === true };
    } catch {
      return nothing;
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

  /** The panels that are shown; a message without keys shows all. */
  panels(header) {
    const shown = header.panels.filter((panel) => this.shows(panel));
    return shown.length ? shown : header.panels.slice(0, 1);
  }

  shows({ key, chosen }) {
    return key === undefined || (this.shown[key] ?? chosen);
  }

  show(key, on) {
    this.shown[key] = on;
    this.write();
  }

  /** The axis that was chosen, where the message has it. */
  axisOf(header) {
    return header.axes?.includes(this.axis) ? this.axis : "step";
  }

  set(name, value) {
    this[name] = value;
    this.write();
  }

  /** Whose layers are drawn: that run's number; −1: of every run the middle one. */
  layerRun(runs) {
    if (this.layersOf === "") return -1;
    const visible = runs.flatMap((run, i) => (run.visible ? [i] : []));
    const named = runs.findIndex((run) => run.label === this.layersOf && run.visible);
    if (named >= 0) return named;
    return visible.length === 1 ? visible[0] : -1; // a run that stands alone shows all it has
  }
}
