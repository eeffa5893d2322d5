// All panels, one playhead.

import { readTheme } from "./canvas/palette.js";
import { Clock } from "./data/clock.js";
import { unpack } from "./data/message.js";
import { alone, runsOf } from "./data/runs.js";
import { listenKeys } from "./input/keys.js";
import { StartLink } from "./input/startlink.js";
import { summary } from "./shell/readout.js";
import { buildParts } from "./build.js";
import { placePanels } from "./panels.js";
import { TrainingView } from "./training.js";

const NARROW = 700; // pixels of the container below which everything stands in one column

export class Player {
  /**
   * @param {HTMLElement} host the player's root is appended to it
   * @param {{onStart?: Function, onPause?: Function}} [events]
   */
  constructor(host, events = {}) {
    this.events = events;
    this.host = host;
    this.clock = new Clock();
    this.panels = [];
    this.header = null;
    this.chosen = new Map(); // label → shown, as the user chose
    this.highlight = -1;
    this.hover = { step: null, point: null };
    this.xview = null; // [from, to] on the axis; null: all
    this.moving = false;
    this.counts = { draws: 0, drawMs: 0, worstMs: 0, sets: 0, setMs: 0 };
    this.start = new StartLink((at) => this.events.onStart?.(at));
    this.view = new TrainingView(this);
    buildParts(this);
    this.gone = new AbortController();
    const { signal } = this.gone;
    this.resizer = new ResizeObserver(() => this.resized());
    this.resizer.observe(this.root);
    const schemes = matchMedia("(prefers-color-scheme: dark)");
    schemes.addEventListener("change", () => this.invalidate(), { signal });
    document.addEventListener("fullscreenchange", () => this.resized(true), { signal });
    this.dropKeys = listenKeys(this.root, (action) => this.act(action));
  }

  /** Shows the race in a message from Python: see data/message.js. */
  load(bytes) {
    this.set(unpack(bytes));
  }

  /**
   * Shows a race. The same id does nothing but follow the page's colours; a new one keeps the
   * playhead, whether it moves, the zoom, and which runs are shown.
   * @param {object} header from `unpack`
   */
  set(header) {
    const began = performance.now();
    if (this.header && header.id === this.header.id) {
      this.refreshTheme();
      return;
    }
    const opening = this.header === null;
    this.header = header;
    this.root.setAttribute("aria-label", header.title ? `Player: ${header.title}` : "Player");
    this.axis = this.view.axis(header);
    this.clock.resize(this.axis.span, Boolean(header.live), this.axis.perStep);
    if (opening && (header.live || header.opens_at_end)) this.clock.seek(this.axis.span);
    this.setRuns();
    placePanels(this);
    this.notes.textContent = (header.notes || []).join(" · ");
    this.notes.hidden = !this.notes.textContent;
    if (this.xview && this.xview[0] >= this.axis.span) this.xview = null;
    for (const panel of this.panels) panel.settleGhost?.();
    this.start.answered();
    this.refreshTheme(true);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (opening && header.autoplay && !calm && !header.live) this.clock.play();
    this.resized(true);
    this.paint();
    this.counts.sets += 1;
    this.counts.setMs = performance.now() - began;
    // told only when the browser has put these pixels on the screen
    requestAnimationFrame(() => setTimeout(() => (this.root.dataset.shown = header.id)));
    this.wake();
    if (!this.clock.playing) this.tell();
  }

  setRuns() {
    const place = (run) => this.view.place(run, this.axis);
    this.runs = runsOf(this.header, this.chosen, place);
    if (this.highlight >= this.runs.length) this.highlight = -1;
  }

  /** Draws everything anew after a choice of the viewer. */
  renew() {
    placePanels(this);
    this.refreshTheme(true);
    this.resized(true);
    this.tell();
  }

  /** Lays everything along another axis; the playhead stays at its moment of the longest run. */
  setAxis(axis) {
    const ended = this.clock.step >= this.axis.span;
    const step = this.axis.reference(this.clock.step);
    this.axis = axis;
    this.clock.resize(axis.span, this.clock.live, axis.perStep);
    this.clock.seek(ended ? axis.span : axis.at(axis.longest, step));
    this.xview = null;
    this.hover = { step: null, point: null };
    this.setRuns();
    this.renew();
  }

  refreshTheme(force = false) {
    const theme = readTheme(this.root);
    if (!force && theme.key === this.theme?.key) return;
    this.theme = theme;
    this.root.style.colorScheme = theme.dark ? "dark" : "light";
    for (const run of this.runs) run.ink = theme.dark ? run.dark_color || run.color : run.color;
    this.legend.set(this.runs, theme);
    this.view.options.set(this.header, this.view.choices, this.axis);
    for (const panel of this.panels) this.view.setHead(panel.panel, panel.shell, theme);
    this.invalidate(false);
  }

  invalidate(themed = true) {
    if (!this.header) return;
    if (themed) this.refreshTheme(true);
    for (const panel of this.panels) panel.invalidate();
    this.wake();
  }

  resized(force = false) {
    if (!this.header) return;
    const width = this.root.clientWidth;
    const full = this.root.matches(":fullscreen");
    this.root.classList.toggle("ov-narrow", width < NARROW);
    this.root.classList.toggle("ov-full", full);
    const columns = this.view.columns(this.panels.length, width);
    this.root.style.setProperty("--ov-columns", String(columns));
    const scale = full ? Math.min(1.9, Math.max(1.25, width / 1150)) : width > 1500 ? 1.12 : 1;
    if (force || scale !== this.scale) {
      this.scale = scale;
      this.root.style.setProperty("--ov-scale", String(scale));
      for (const panel of this.panels) panel.invalidate();
    }
    this.paint();
  }

  frame() {
    const [from, to] = this.xview || [0, this.axis.span || 1];
    return {
      step: this.clock.step,
      axis: this.axis,
      runs: this.runs,
      highlight: this.highlight,
      theme: this.theme,
      scale: this.scale || 1,
      hoverStep: this.hover.step,
      hoverPoint: this.hover.point,
      near: this.hover.near ?? null,
      xview: { from, to },
      moving: this.moving,
      preview: false,
    };
  }

  /** Draws what changed, now. */
  paint() {
    if (!this.header || !this.theme) return;
    const began = performance.now();
    const frame = this.frame();
    for (const panel of this.panels) panel.draw(frame);
    this.controls.update(this.clock, this.axis, began);
    this.controls.setZoomed(Boolean(this.xview || this.panels.some((panel) => panel.view)));
    this.legend.update(frame.step);
    this.root.dataset.step = String(Math.round(this.axis.reference(frame.step) * 1000) / 1000);
    this.root.dataset.axis = this.axis.kind;
    this.root.dataset.playing = String(this.clock.playing);
    const spent = performance.now() - began;
    this.counts.draws += 1;
    this.counts.drawMs += spent;
    this.counts.worstMs = Math.max(this.counts.worstMs, spent);
  }

  /** Asks for a frame; frames follow each other while the clock runs. */
  wake() {
    if (this.request) return;
    this.request = requestAnimationFrame((now) => {
      this.request = 0;
      const playing = this.clock.playing;
      if (playing && this.last) this.clock.advance((now - this.last) / 1000);
      this.last = this.clock.playing ? now : 0;
      this.paint();
      if (this.clock.playing) this.wake();
      else if (playing) this.tell();
    });
  }

  act({ act, by }) {
    const { clock } = this;
    if (act === "toggle") {
      if (clock.playing) clock.pause();
      else clock.play();
      this.last = 0;
      if (!clock.playing) this.tell();
    } else if (act === "nudge") {
      const at = clock.step / clock.perStep;
      const whole = by < 0 ? Math.ceil(at - 1e-6) : Math.floor(at + 1e-6);
      this.seek((whole + by) * clock.perStep);
    } else if (act === "home") this.seek(0);
    else if (act === "end") this.seek(clock.numSteps);
    else if (act === "full") this.toggleFull();
    this.wake();
  }

  seek(step) {
    this.clock.pause();
    this.clock.seek(step);
    this.wake();
    this.tell();
  }

  tell() {
    clearTimeout(this.telling);
    this.telling = setTimeout(() => {
      if (this.clock.playing || !this.theme) return;
      this.live.textContent = summary(this.header, this.panels, this.frame());
    }, 400);
    if (this.header?.report_step) this.events.onPause?.(Math.round(this.clock.step));
  }

  toggleFull() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.requestFullscreen?.().catch(() => {});
    this.root.focus({ preventScroll: true });
  }

  toggleRun(label) {
    const run = this.runs.find((item) => item.label === label);
    this.show(new Map([[label, !run.visible]]));
  }

  /** Shows one run alone; asked again, all of them. */
  isolateRun(label) {
    this.show(alone(this.runs, label));
  }

  show(changes) {
    for (const [label, shown] of changes) this.chosen.set(label, shown);
    for (const run of this.runs) run.visible = this.chosen.get(run.label) ?? run.visible;
    if (this.header.axes) return this.renew(); // whose layers are drawn may change with it
    this.legend.set(this.runs, this.theme);
    this.invalidate(false);
    this.tell();
  }

  setHighlight(run) {
    if (run === this.highlight) return;
    this.highlight = run;
    for (const panel of this.panels) {
      if (panel.kind === "curves") panel.invalidate();
      panel.drawn = null;
      panel.labelKey = null;
    }
    this.wake();
  }

  setXView(view) {
    this.xview = view;
    for (const panel of this.panels) if (panel.kind === "curves") panel.invalidate();
    this.wake();
  }

  resetView() {
    this.xview = null;
    for (const panel of this.panels) {
      if (panel.kind === "map") panel.setView(null);
      panel.invalidate();
    }
    this.wake();
  }

  /** Stops everything and leaves the page. */
  destroy() {
    cancelAnimationFrame(this.request);
    clearTimeout(this.telling);
    this.start.stop();
    this.resizer.disconnect();
    this.gone.abort();
    this.dropKeys();
    this.view.destroy();
    this.root.remove();
  }
}
