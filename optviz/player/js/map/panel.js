// The surface seen from above: contour bands, trails, heads.

import { Layers } from "../canvas/layers.js";
import { drawMarker, drawRing, roomFor, TICK } from "../canvas/marks.js";
import { rgba } from "../canvas/palette.js";
import { clamp, makeScale, makeTicks } from "../data/scales.js";
import { drawSurface, heightTicks, inside } from "./base.js";
import { padGrid, valueAt } from "./contour.js";
import { drawLabels, layOutLabels } from "./labels.js";
import { projectPath, traceTrail, trailAt } from "./trails.js";

const PIECE = 250; // segments a stroke: a browser takes the square of their number for one

export class MapPanel {
  /** @param {HTMLElement} host the box that the canvases fill */
  constructor(host) {
    this.kind = "map";
    this.host = host;
    this.layers = new Layers(host, ["base", "halo", "trail", "top"]);
    this.sheet = document.createElement("canvas");
    this.view = null; // null: the surface's whole window
    this.baseStale = true;
    this.drawn = null;
    this.ghost = null; // where a dragged start is, in surface coordinates
  }

  /** Takes new data; the view stays unless the window or the surface is another one. */
  setData(panel) {
    const place = JSON.stringify([panel.title, panel.xlim, panel.ylim]);
    if (place !== this.place) this.view = null;
    this.place = place;
    if (this.panel?.levels !== panel.levels) this.levelKind = panel.levels || "log";
    this.panel = panel;
    this.window = { x0: panel.xlim[0], x1: panel.xlim[1], y0: panel.ylim[0], y1: panel.ylim[1] };
    this.grid = panel.grid ? padGrid(panel.grid) : null;
    this.levels = null;
    this.invalidate();
  }

  setScaleKind(kind) {
    this.levelKind = kind;
    this.levels = null;
    this.invalidate();
  }

  get scaleKind() {
    return this.levelKind;
  }

  setView(view) {
    this.view = view;
    this.invalidate();
  }

  currentView() {
    return this.view || this.window;
  }

  invalidate() {
    this.baseStale = true;
  }

  rect(scale) {
    const { width, height } = this.layers;
    const small = width < 460;
    const left = Math.max(Math.round((small ? 34 : 42) * scale), this.room || 0);
    const right = Math.round((this.grid ? (small ? 50 : 60) : 14) * scale);
    return {
      x: left,
      y: 8,
      w: Math.max(20, width - left - right),
      h: Math.max(20, height - 8 - Math.round(26 * scale)),
    };
  }

  draw(frame) {
    if (this.layers.fit()) this.baseStale = true;
    if (this.layers.width < 60 || this.layers.height < 60) return;
    if (this.baseStale) this.drawBase(frame);
    this.drawTrails(frame);
    this.drawTop(frame);
  }

  drawBase(frame) {
    const { theme, scale } = frame;
    const ctx = this.layers.base;
    const view = this.currentView();
    const upright = { kind: "linear", lo: view.y0, hi: view.y1 };
    const ticks = makeTicks(upright, heightTicks(this.rect(scale), scale));
    this.room = roomFor(ctx, ticks, TICK * scale, theme.font);
    const rect = this.rect(scale);
    this.xs = makeScale("linear", view.x0, view.x1, rect.x, rect.x + rect.w);
    this.ys = makeScale("linear", view.y0, view.y1, rect.y + rect.h, rect.y);
    this.layers.clear("base");
    drawSurface(this, ctx, rect, theme, scale, frame.moving);
    this.trails = this.panel.paths.map((path) => projectPath(path, this.xs.px, this.ys.px));
    this.baseStale = false;
    this.drawn = null;
    this.labelKey = null;
    this.placeHandle?.();
  }

  /** The index into a path at a step. */
  pathIndex(trail, step) {
    return Math.min(step / (this.panel.path_stride || 1), trail.points - 1);
  }

  drawTrails(frame) {
    const { theme, scale } = frame;
    const whole = this.ghost || frame.preview;
    const fresh = this.drawn === null || frame.step < this.drawn || whole !== this.wholeDrawn;
    if (!fresh && frame.step === this.drawn) return;
    if (fresh) {
      this.layers.clear("halo");
      this.layers.clear("trail");
    }
    this.wholeDrawn = whole;
    const from = fresh ? 0 : this.drawn;
    const rect = this.rect(scale);
    const { halo, trail: ink } = this.layers;
    const glow = rgba(theme.halo, theme.dark ? 0.75 : 0.9);
    inside(halo, rect, () =>
      inside(ink, rect, () => {
        for (const [run, path] of this.trails.entries()) {
          const { visible, ink: color, dash } = frame.runs[run];
          if (!visible) continue;
          const dim = frame.highlight >= 0 && frame.highlight !== run;
          const end = path.points - 1;
          if (whole && fresh)
            this.strokeTrail(ink, path, 0, end, color, [], dim ? 0.05 : 0.3, 1.4 * scale);
          const first = Math.floor(this.pathIndex(path, from));
          const last = Math.floor(this.pathIndex(path, frame.step) + 1e-9);
          if (last <= first) continue;
          const cloud = path.starts > 1;
          const alpha = (cloud ? clamp(14 / path.starts, 0.42, 0.8) : 1) * (dim ? 0.12 : 1);
          if (!cloud && !dim)
            this.strokeTrail(halo, path, first, last, glow, [], 1, 5 * scale);
          const pattern = cloud ? [] : dash;
          const width = (cloud ? 1.3 : 2.3) * scale;
          this.strokeTrail(ink, path, first, last, color, pattern, alpha, width);
        }
      }),
    );
    this.drawn = frame.step;
  }

  strokeTrail(ctx, path, first, last, color, dash, alpha, width) {
    ctx.globalAlpha = alpha;
    ctx.strokeStyle = color;
    ctx.lineWidth = width;
    ctx.lineJoin = "round";
    ctx.lineCap = alpha < 1 || dash.length ? "butt" : "round";
    ctx.setLineDash(dash);
    for (let from = first; from < last; from += PIECE) {
      ctx.lineDashOffset = dash.length ? path.length[from] : 0;
      const to = Math.min(from + PIECE, last);
      ctx.beginPath();
      for (let start = 0; start < path.starts; start++) traceTrail(ctx, path, start, from, to);
      ctx.stroke();
    }
    ctx.setLineDash([]);
    ctx.globalAlpha = 1;
  }

  drawTop(frame) {
    const { theme, scale } = frame;
    const ctx = this.layers.top;
    const rect = this.rect(scale);
    this.layers.clear("top");
    inside(ctx, rect, () => {
      this.drawStarts(ctx, theme, scale);
      const last = frame.highlight; // drawn over the others
      const order = [...this.trails.keys()].sort((a, b) => (a === last) - (b === last));
      for (const run of order) if (frame.runs[run].visible) this.drawHeads(ctx, run, frame);
      if (frame.hoverPoint) this.drawCross(ctx, rect, frame.hoverPoint, theme);
    });
    const labels = this.labelsNow(ctx, rect, frame);
    if (labels.length) drawLabels(ctx, labels, frame.runs, theme, scale);
  }

  drawStarts(ctx, theme, scale) {
    const starts = this.ghost ? [this.ghost] : this.panel.starts || [];
    const many = starts.length > 1;
    const ink = theme.dark ? "#ffffff" : "#1c2430";
    for (const [x, y] of starts) {
      const [px, py] = [this.xs.px(x), this.ys.px(y)];
      if (many) drawMarker(ctx, "circle", px, py, 1.8 * scale, ink, theme.halo, 1);
      else drawRing(ctx, px, py, (this.ghost ? 11 : 9) * scale, ink, rgba(theme.halo, 0.9));
    }
  }

  drawHeads(ctx, run, frame) {
    const { theme, scale } = frame;
    const path = this.trails[run];
    const { ink, marker } = frame.runs[run];
    const at = this.pathIndex(path, frame.step);
    const dim = frame.highlight >= 0 && frame.highlight !== run;
    const whole = Math.floor(at + 1e-9);
    const cloud = path.starts > 1;
    for (let start = 0; start < path.starts; start++) {
      const [x, y] = trailAt(path, start, at);
      if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
      ctx.globalAlpha = dim ? 0.15 : 1;
      if (!cloud && at > whole) {
        const [ax, ay] = trailAt(path, start, whole);
        ctx.strokeStyle = ink;
        ctx.lineWidth = 2.3 * scale;
        ctx.lineCap = "round";
        ctx.beginPath();
        ctx.moveTo(clamp(ax, -4000, 9000), clamp(ay, -4000, 9000));
        ctx.lineTo(clamp(x, -4000, 9000), clamp(y, -4000, 9000));
        ctx.stroke();
      }
      const radius = (cloud ? 3 : 6) * scale;
      if (dim || cloud) drawMarker(ctx, marker, x, y, radius, ink, theme.halo, cloud ? 0.8 : 1);
      else {
        const rim = theme.dark ? "#05070d" : "rgba(16,24,40,.75)";
        drawMarker(ctx, marker, x, y, radius + 1.4 * scale, "#fff", rim, 1);
        drawMarker(ctx, marker, x, y, radius, ink, ink, 0);
      }
      ctx.globalAlpha = 1;
    }
  }

  drawCross(ctx, rect, point, theme) {
    const [x, y] = [this.xs.px(point[0]), this.ys.px(point[1])];
    ctx.strokeStyle = theme.dark ? "rgba(255,255,255,.55)" : "rgba(16,24,40,.5)";
    ctx.lineWidth = 1;
    ctx.setLineDash([3, 3]);
    ctx.beginPath();
    ctx.moveTo(rect.x, y);
    ctx.lineTo(rect.x + rect.w, y);
    ctx.moveTo(x, rect.y);
    ctx.lineTo(x, rect.y + rect.h);
    ctx.stroke();
    ctx.setLineDash([]);
  }

  /** Labels of outcomes that the playhead has reached. */
  labelsNow(ctx, rect, frame) {
    if (this.ghost) return [];
    const events = [];
    for (const [run, info] of frame.runs.entries()) {
      const known = info.outcome && info.outcome !== "running" && info.outcome_step !== null;
      if (!known || !info.visible || frame.step < info.outcome_step) continue;
      if (frame.highlight >= 0 && frame.highlight !== run) continue;
      const path = this.trails[run];
      if (path.starts > 1) continue;
      const [x, y] = trailAt(path, 0, Math.floor(this.pathIndex(path, info.outcome_step)));
      if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
      events.push({
        run,
        kind: info.outcome,
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

  /** The surface's loss at a point, from the grid; NaN outside the window. */
  lossAt(x, y) {
    return this.grid ? valueAt(this.grid, this.window, x, y) : NaN;
  }
}
