// The surface seen from above: contour bands, trails, heads.

import { panelBox } from "../canvas/box.js";
import { recedes } from "../canvas/frame.js";
import { inside, Layers, within } from "../canvas/layers.js";
import { roomFor, TICK } from "../canvas/marks.js";
import { rgba } from "../canvas/palette.js";
import { clamp, makeScale, makeTicks } from "../data/scales.js";
import { drawSurface, heightTicks } from "./base.js";
import { contourLevels, padGrid, valueAt } from "./contour.js";
import { drawCross, drawHeads, drawStarts } from "./heads.js";
import { drawLabels, layOutLabels } from "./labels.js";
import { bindMap } from "./pointers.js";
import { StartHandle } from "./start.js";
import { projectPath, strokeTrail, trailAt } from "./trails.js";

/** @import { Frame, PanelActions } from "../canvas/frame.js" */
/** @import { Context, Rect } from "../canvas/layers.js" */
/** @import { MapData, ScaleKind } from "../data/message.js" */
/** @import { Scale } from "../data/scales.js" */
/** @import { Levels, Padded, View } from "./contour.js" */
/** @import { Event, Label } from "./labels.js" */
/** @import { Trail } from "./trails.js" */

export class MapPanel {
  // what `setData` and `drawBase` fill
  /** @type {MapData} */ data;
  /** @type {View} */ window;
  /** @type {ScaleKind} */ scaleKind;
  /** @type {Scale} */ xs;
  /** @type {Scale} */ ys;

  /**
   * @param {string} key
   * @param {PanelActions} actions
   */
  constructor(key, actions) {
    this.kind = /** @type {const} */ ("map");
    this.key = key;
    this.box = panelBox(this.kind, (kind) => {
      this.setScaleKind(kind);
      actions.paint();
    });
    this.host = this.box.area;
    this.layers = new Layers(this.host, ["base", "halo", "trail", "top"]);
    this.sheet = document.createElement("canvas");
    this.scale = 1;
    this.room = 0; // that the upright axis needs
    this.place = ""; // which surface, and which window of it
    /** @type {View | null} null: the surface's whole window */
    this.view = null;
    /** @type {Padded | null} */
    this.grid = null;
    /** @type {Levels | null} */
    this.levels = null;
    /** @type {Trail[]} */
    this.trails = [];
    this.baseStale = true;
    /** @type {number | null} the step up to which trails are drawn; null: not at all */
    this.drawn = null;
    this.wholeDrawn = false;
    /** @type {Label[]} */
    this.labels = [];
    /** @type {string | null} */
    this.labelKey = null;
    this.start = new StartHandle(this, actions);
    bindMap(this, actions);
  }

  /**
   * Takes new data; the view stays unless the window or the surface is another one.
   * @param {MapData} data
   */
  setData(data) {
    const place = JSON.stringify([data.title, data.xlim, data.ylim]);
    if (place !== this.place) this.setView(null);
    this.place = place;
    // the user's choice of levels holds until data come that ask for others
    if (this.data?.levels !== data.levels) this.scaleKind = data.levels;
    this.data = data;
    const [[x0, x1], [y0, y1]] = [data.xlim, data.ylim];
    this.window = { x0, x1, y0, y1 };
    this.grid = data.grid && padGrid(data.grid);
    this.setScaleKind(this.scaleKind);
    this.start.settle();
  }

  /** @param {ScaleKind} kind */
  setScaleKind(kind) {
    this.scaleKind = kind;
    this.levels = null;
    this.box.set(this.data, kind);
    this.invalidate();
  }

  /** @param {View | null} view */
  setView(view) {
    this.view = view;
    // an unzoomed map lets one finger scroll the page; a zoomed one moves under it
    this.host.style.touchAction = view ? "none" : "pan-y";
    this.invalidate();
  }

  currentView() {
    return this.view || this.window;
  }

  invalidate() {
    this.baseStale = true;
  }

  /** Has all but the surface drawn anew. */
  redraw() {
    this.drawn = null;
    this.labelKey = null;
  }

  rect() {
    const { width, height } = this.layers;
    const { scale } = this;
    const small = width < 460;
    const left = Math.max(Math.round((small ? 34 : 42) * scale), this.room);
    const right = Math.round((this.grid ? (small ? 50 : 60) : 14) * scale);
    return {
      x: left,
      y: 8,
      w: Math.max(20, width - left - right),
      h: Math.max(20, height - 8 - Math.round(26 * scale)),
    };
  }

  /** @type {(x: number, y: number) => boolean} */
  contains(x, y) {
    return within(this.rect(), x, y);
  }

  /** @param {Frame} frame */
  draw(frame) {
    this.scale = frame.scale;
    if (this.layers.fit()) this.baseStale = true;
    if (this.layers.width < 60 || this.layers.height < 60) return;
    if (this.baseStale) this.drawBase(frame);
    this.drawTrails(frame);
    this.drawTop(frame);
  }

  /** @param {Frame} frame */
  drawBase({ theme, moving }) {
    const ctx = this.layers.on.base;
    const { x0, x1, y0, y1 } = this.currentView();
    const most = heightTicks(this.rect(), this.scale);
    const ticks = makeTicks({ kind: "linear", lo: y0, hi: y1 }, most);
    this.room = roomFor(ctx, ticks, TICK * this.scale, theme.font);
    const rect = this.rect();
    this.xs = makeScale("linear", x0, x1, rect.x, rect.x + rect.w);
    this.ys = makeScale("linear", y0, y1, rect.y + rect.h, rect.y);
    const { grid, floor, paths } = this.data;
    if (grid) this.levels ??= contourLevels(grid.data, this.scaleKind, floor);
    this.layers.clear("base");
    drawSurface(this, ctx, rect, theme, moving);
    this.trails = paths.map((path) => projectPath(path, this.xs.px, this.ys.px));
    this.baseStale = false;
    this.redraw();
    this.start.place();
  }

  /**
   * The index into a path at a step.
   * @type {(trail: Trail, step: number) => number}
   */
  pathIndex(trail, step) {
    return Math.min(step / this.data.path_stride, trail.points - 1);
  }

  /** @param {Frame} frame */
  drawTrails(frame) {
    const { step, theme, scale } = frame;
    const whole = this.start.ghost !== null;
    const done = whole === this.wholeDrawn ? this.drawn : null;
    const fresh = done === null || step < done;
    if (step === done) return;
    if (fresh) {
      this.layers.clear("halo");
      this.layers.clear("trail");
    }
    this.wholeDrawn = whole;
    const from = fresh ? 0 : done;
    const rect = this.rect();
    const { halo, trail: ink } = this.layers.on;
    const glow = rgba(theme.halo, theme.dark ? 0.75 : 0.9);
    inside(halo, rect, () =>
      inside(ink, rect, () => {
        for (const [run, path] of this.trails.entries()) {
          const { visible, ink: color, dash } = frame.runs[run];
          if (!visible) continue;
          const dim = recedes(run, frame);
          const end = path.points - 1;
          if (whole && fresh)
            strokeTrail(ink, path, 0, end, color, [], dim ? 0.05 : 0.3, 1.4 * scale);
          const first = Math.floor(this.pathIndex(path, from));
          const last = Math.floor(this.pathIndex(path, step) + 1e-9);
          if (last <= first) continue;
          const cloud = path.starts > 1;
          const alpha = (cloud ? clamp(14 / path.starts, 0.42, 0.8) : 1) * (dim ? 0.12 : 1);
          if (!cloud && !dim) strokeTrail(halo, path, first, last, glow, [], 1, 5 * scale);
          const pattern = cloud ? [] : dash;
          const width = (cloud ? 1.3 : 2.3) * scale;
          strokeTrail(ink, path, first, last, color, pattern, alpha, width);
        }
      }),
    );
    this.drawn = step;
  }

  /** @param {Frame} frame */
  drawTop(frame) {
    const { theme, scale } = frame;
    const ctx = this.layers.on.top;
    const rect = this.rect();
    this.layers.clear("top");
    inside(ctx, rect, () => {
      drawStarts(this, ctx, theme);
      const last = frame.highlight; // drawn over the others
      const order = [...this.trails.keys()].sort((a, b) => Number(a === last) - Number(b === last));
      for (const run of order) if (frame.runs[run].visible) drawHeads(this, ctx, run, frame);
      if (frame.hover.point) drawCross(this, ctx, rect, frame.hover.point, theme);
    });
    const labels = this.labelsNow(ctx, rect, frame);
    if (labels.length) drawLabels(ctx, labels, frame.runs, theme, scale);
  }

  /**
   * Labels of outcomes that the playhead has reached.
   * @type {(ctx: Context, rect: Rect, frame: Frame) => Label[]}
   */
  labelsNow(ctx, rect, frame) {
    if (this.start.ghost) return [];
    /** @type {Event[]} */
    const events = [];
    for (const [run, { outcome, outcome_step: step, visible }] of frame.runs.entries()) {
      if (!outcome || outcome === "running" || step === null) continue;
      if (!visible || frame.step < step || recedes(run, frame)) continue;
      const path = this.trails[run];
      if (path.starts > 1) continue;
      const [x, y] = trailAt(path, 0, Math.floor(this.pathIndex(path, step)));
      if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
      events.push({
        run,
        kind: outcome,
        x: clamp(x, rect.x + 6, rect.x + rect.w - 6),
        y: clamp(y, rect.y + 6, rect.y + rect.h - 6),
      });
    }
    const key = events.map((event) => `${event.run}:${event.kind}`).join();
    if (key !== this.labelKey) {
      this.labels = layOutLabels(ctx, events, frame.runs, rect, frame.theme, frame.scale);
      this.labelKey = key;
    }
    return this.labels;
  }

  /**
   * The surface's loss at a point, from the grid; NaN outside the window.
   * @type {(x: number, y: number) => number}
   */
  lossAt(x, y) {
    return this.grid ? valueAt(this.grid, this.window, x, y) : NaN;
  }
}
