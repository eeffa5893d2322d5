// All panels, one playhead.

import { readTheme } from "./canvas/palette.js";
import { unpack } from "./data/message.js";
import { runsOf } from "./data/runs.js";
import { listenKeys } from "./input/keys.js";
import { StartLink } from "./input/startlink.js";
import { layOut } from "./shell/layout.js";
import { buildParts } from "./shell/parts.js";
import { summary } from "./shell/readout.js";
import { actionsOf } from "./actions.js";
import { placePanels } from "./panels.js";
import { Playback } from "./playback.js";
import { TrainingView } from "./training.js";

/** @import { Frame } from "./canvas/frame.js" */
/** @import { Theme } from "./canvas/palette.js" */
/** @import { Axis } from "./data/axis.js" */
/** @import { Header, Pair } from "./data/message.js" */
/** @import { DrawnRun } from "./data/runs.js" */
/** @import { Start } from "./input/startlink.js" */
/** @import { Panel } from "./panels.js" */

export class Player {
  // what `set` fills
  /** @type {Header} */ header;
  /** @type {Axis} */ axis;
  /** @type {Theme} */ theme;

  /** @param {HTMLElement} host the player's root is appended to it */
  constructor(host) {
    /** @type {((start: Start) => void) | null} who answers a start that is moved; null: nobody */
    this.onStart = null;
    this.playback = new Playback(
      () => this.paint(),
      () => this.tell(),
    );
    this.clock = this.playback.clock;
    /** @type {Panel[]} */
    this.panels = [];
    /** @type {DrawnRun[]} */
    this.runs = [];
    /** @type {Map<string, boolean>} label → shown, as the user chose */
    this.chosen = new Map();
    this.highlight = -1;
    /** @type {Pair | null} from and to on the axis; null: all */
    this.xview = null;
    this.moving = false;
    this.scale = 1;
    this.telling = 0;
    this.counts = { draws: 0, drawMs: 0, worstMs: 0, sets: 0, setMs: 0 };
    this.start = new StartLink((at) => this.onStart?.(at));
    this.view = new TrainingView({
      renew: () => this.renew(),
      rescale: () => this.setAxis(this.view.axis(this.header)),
    });
    this.actions = actionsOf(this);
    this.parts = buildParts(this.actions, this.view.options.element);
    this.root = this.parts.root;
    // what a benchmark or a test reads
    Object.assign(this.root, { optviz: { stats: () => ({ ...this.counts }), player: this } });
    host.append(this.root);
    this.gone = new AbortController();
    const { signal } = this.gone;
    this.resizer = new ResizeObserver(() => this.resized());
    this.resizer.observe(this.root);
    const schemes = matchMedia("(prefers-color-scheme: dark)");
    schemes.addEventListener("change", () => this.invalidate(), { signal });
    document.addEventListener("fullscreenchange", () => this.resized(true), { signal });
    this.dropKeys = listenKeys(this.root, this.actions.press);
  }

  /** Shows the race in a message from Python. @param {Uint8Array<ArrayBuffer>} bytes */
  load(bytes) {
    this.set(unpack(bytes));
  }

  /**
   * Shows a race. The same id does nothing but follow the page's colours; a new one keeps the
   * playhead, whether it moves, the zoom, and which runs are shown.
   * @param {Header} header
   */
  set(header) {
    const began = performance.now();
    if (header.id === this.header?.id) {
      this.refreshTheme();
      return;
    }
    const opening = this.header === undefined;
    this.header = header;
    this.root.setAttribute("aria-label", header.title ? `Player: ${header.title}` : "Player");
    this.axis = this.view.axis(header);
    this.clock.resize(this.axis.span, header.live, this.axis.perStep);
    if (opening && (header.live || header.opens_at_end)) this.clock.seek(this.axis.span);
    this.setRuns();
    this.setPanels();
    const { notes } = this.parts;
    notes.textContent = (header.notes ?? []).join(" · ");
    notes.hidden = !notes.textContent;
    if (this.xview && this.xview[0] >= this.axis.span) this.xview = null;
    this.start.answered();
    this.refreshTheme(true);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (opening && header.autoplay && !calm && !header.live) this.clock.play();
    this.resized(true);
    this.counts.sets += 1;
    this.counts.setMs = performance.now() - began;
    // told only when the browser has put these pixels on the screen
    requestAnimationFrame(() => setTimeout(() => (this.root.dataset.shown = header.id)));
    this.playback.wake();
    if (!this.clock.playing) this.tell();
  }

  setRuns() {
    this.runs = runsOf(this.header, this.chosen, (run) => this.view.place(run, this.axis));
    if (this.highlight >= this.runs.length) this.highlight = -1;
  }

  setPanels() {
    const { header, axis, runs, view } = this;
    const asked = view.panels(header);
    this.panels = placePanels(
      this.parts.grid,
      this.panels,
      asked,
      (data) => view.series(data, header, axis, runs),
      this.actions,
    );
    const curves = asked.filter(({ kind }) => kind === "curves").length;
    this.root.style.setProperty("--ov-curves", String(Math.max(1, curves)));
    this.root.classList.toggle("ov-mapless", curves === asked.length);
    this.root.classList.toggle("ov-training", Boolean(header.axes));
  }

  /** Draws everything anew after a choice of the viewer. */
  renew() {
    this.setPanels();
    this.refreshTheme(true);
    this.resized(true);
    this.tell();
  }

  /**
   * Lays everything along another axis; the playhead stays at its moment of the longest run.
   * @param {Axis} axis
   */
  setAxis(axis) {
    const ended = this.clock.step >= this.axis.span;
    const step = this.axis.reference(this.clock.step);
    this.axis = axis;
    this.clock.resize(axis.span, this.clock.live, axis.perStep);
    this.clock.seek(ended ? axis.span : axis.at(axis.longest, step));
    this.xview = null;
    this.parts.readout.leave();
    this.setRuns();
    this.renew();
  }

  refreshTheme(force = false) {
    const theme = readTheme(this.root);
    if (!force && theme.key === this.theme?.key) return;
    this.theme = theme;
    this.root.style.colorScheme = theme.dark ? "dark" : "light";
    for (const run of this.runs) run.ink = theme.dark ? run.dark_color : run.color;
    this.parts.legend.set(this.runs, theme);
    this.view.options.set(this.header, this.view.choices, this.axis);
    for (const panel of this.panels) this.view.setHead(panel, this.runs, theme);
    this.invalidate(false);
  }

  invalidate(themed = true) {
    if (!this.header) return;
    if (themed) this.refreshTheme(true);
    for (const panel of this.panels) panel.invalidate();
    this.playback.wake();
  }

  resized(force = false) {
    if (!this.header) return;
    const scale = layOut(this.root, this.panels.length);
    if (force || scale !== this.scale) for (const panel of this.panels) panel.invalidate();
    this.scale = scale;
    this.paint();
  }

  /** @returns {Frame} */
  frame() {
    return {
      step: this.clock.step,
      axis: this.axis,
      runs: this.runs,
      highlight: this.highlight,
      theme: this.theme,
      scale: this.scale,
      hover: this.parts.readout.hover,
      xview: this.xview ?? [0, this.axis.span || 1],
      zoomed: this.xview !== null,
      moving: this.moving,
    };
  }

  /** Draws what changed, now. */
  paint() {
    if (!this.theme) return;
    const began = performance.now();
    const frame = this.frame();
    const { controls, legend } = this.parts;
    for (const panel of this.panels) panel.draw(frame);
    controls.update(this.clock, this.axis, began);
    controls.setZoomed(frame.zoomed || this.panels.some((panel) => "view" in panel && panel.view));
    legend.update(frame.step);
    this.root.dataset.step = String(Math.round(this.axis.reference(frame.step) * 1000) / 1000);
    this.root.dataset.axis = this.axis.kind;
    this.root.dataset.playing = String(this.clock.playing);
    const spent = performance.now() - began;
    this.counts.draws += 1;
    this.counts.drawMs += spent;
    this.counts.worstMs = Math.max(this.counts.worstMs, spent);
  }

  /** @param {number} place */
  seek(place) {
    this.playback.seek(place);
  }

  tell() {
    clearTimeout(this.telling);
    this.telling = window.setTimeout(() => {
      if (this.clock.playing || !this.theme) return;
      const curves = this.panels.find((panel) => panel.kind === "curves");
      this.parts.live.textContent = summary(this.header.title, curves, this.frame());
    }, 400);
  }

  /** @param {string} label */
  toggleRun(label) {
    const run = this.runs.find((item) => item.label === label);
    this.show(new Map([[label, !run?.visible]]));
  }

  /** @param {Map<string, boolean>} changes label → shown */
  show(changes) {
    for (const [label, shown] of changes) this.chosen.set(label, shown);
    for (const run of this.runs) run.visible = this.chosen.get(run.label) ?? run.visible;
    if (this.header.axes) return this.renew(); // whose layers are drawn may change with it
    this.parts.legend.set(this.runs, this.theme);
    this.invalidate(false);
    this.tell();
  }

  /** @param {number} run −1: none */
  setHighlight(run) {
    if (run === this.highlight) return;
    this.highlight = run;
    for (const panel of this.panels) panel.redraw();
    this.playback.wake();
  }

  /** @param {Pair | null} view */
  setXView(view) {
    this.xview = view;
    for (const panel of this.panels) if (panel.kind === "curves") panel.invalidate();
    this.playback.wake();
  }

  resetView() {
    this.xview = null;
    for (const panel of this.panels) {
      if (panel.kind === "map") panel.setView(null);
      panel.invalidate();
    }
    this.playback.wake();
  }

  /** Stops everything and leaves the page. */
  destroy() {
    this.playback.stop();
    clearTimeout(this.telling);
    this.start.stop();
    this.resizer.disconnect();
    this.gone.abort();
    this.dropKeys();
    this.view.destroy();
    this.root.remove();
  }
}
