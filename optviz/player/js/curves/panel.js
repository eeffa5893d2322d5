// A panel of curves over steps: the past bright, the future faint.

import { panelBox } from "../canvas/box.js";
import { recedes } from "../canvas/frame.js";
import { Layers, within } from "../canvas/layers.js";
import { drawMarker, roomFor, TICK } from "../canvas/marks.js";
import { rgba } from "../canvas/palette.js";
import { makeScale } from "../data/scales.js";
import { countUpTo, lastPlace, seriesAt, shares, valueRange } from "../data/series.js";
import { drawGrid, drawPlace, drawWords, upTicks } from "./grid.js";
import { aside, divergesOf, drawLost, drawTip, isLost, nameEnds } from "./heads.js";
import { nameOf } from "./near.js";
import { bindCurves } from "./pointers.js";
import { clipped, fillBand, inkOf, strokeLevel, strokeLine, traceLine } from "./strokes.js";

/** @import { Frame, PanelActions } from "../canvas/frame.js" */
/** @import { Context } from "../canvas/layers.js" */
/** @import { Axis } from "../data/axis.js" */
/** @import { CurveData, ScaleKind } from "../data/message.js" */
/** @import { Series, Share } from "../data/series.js" */
/** @import { Across } from "./grid.js" */
/** @import { End } from "./heads.js" */
/** @import { Plot } from "./strokes.js" */

const CROWD = 12; // curves beyond which all but the nearest one step back

export class CurvePanel {
  // what `setData` and `drawBase` fill
  /** @type {CurveData} */ data;
  /** @type {Series[]} */ series;
  /** @type {ScaleKind} */ scaleKind;
  /** @type {Plot} */ plot;

  /**
   * @param {string} key
   * @param {PanelActions} actions
   */
  constructor(key, actions) {
    this.kind = /** @type {const} */ ("curves");
    this.key = key;
    this.box = panelBox(this.kind, (kind) => {
      this.setScaleKind(kind);
      actions.paint();
    });
    this.host = this.box.area;
    this.layers = new Layers(this.host, ["base", "trail", "top"]);
    this.scale = 1;
    this.room = 0; // that the upright axis needs
    this.baseStale = true;
    /** @type {number | null} the step up to which the trail layer is drawn; null: not at all */
    this.drawn = null;
    /** @type {{visible: string, of: Map<Series, Share>} | null} */
    this.sharing = null;
    bindCurves(this, actions);
  }

  /**
   * Takes new data; the choice of axis and the zoom stay.
   * @type {(data: CurveData, series: Series[]) => void}
   */
  setData(data, series) {
    // the user's choice of axis holds until data come that ask for another one
    if (this.data?.scale !== data.scale) this.scaleKind = data.scale;
    this.data = data;
    this.series = series;
    this.sharing = null;
    this.setScaleKind(this.scaleKind);
  }

  /** @param {ScaleKind} kind */
  setScaleKind(kind) {
    this.scaleKind = kind;
    this.box.set(this.data, kind);
    this.invalidate();
  }

  invalidate() {
    this.baseStale = true;
  }

  /** Has everything drawn anew: what is still to come steps back too. */
  redraw() {
    this.invalidate();
  }

  /** The plot's rectangle in the panel. */
  rect() {
    const { width, height } = this.layers;
    const { scale } = this;
    const left = Math.max(Math.round(50 * scale), this.room);
    return {
      x: left,
      y: 8,
      w: Math.max(10, width - left - Math.round(14 * scale)),
      h: Math.max(10, height - 8 - Math.round(25 * scale)),
    };
  }

  /** @type {(x: number, y: number) => boolean} */
  contains(x, y) {
    return within(this.rect(), x, y);
  }

  /** @param {Frame} frame */
  shown(frame) {
    return this.series.filter((series) => frame.runs[series.run].visible);
  }

  /** @param {Frame} frame */
  draw(frame) {
    this.scale = frame.scale;
    if (this.layers.fit()) this.baseStale = true;
    if (this.layers.width < 40 || this.layers.height < 30) return;
    if (this.baseStale) this.drawBase(frame);
    this.drawTrail(frame);
    this.drawTop(frame);
  }

  /** @param {Frame} frame */
  drawBase(frame) {
    const { runs, theme, scale } = frame;
    const ctx = this.layers.on.base;
    // only a loss runs off; rates and shares of the same runs are shown whole
    const off = Boolean(this.data.runs_off);
    const diverged = runs.map((run) => off && divergesOf(run));
    const leaves = runs.map((run) => (off ? (run.leaves ?? null) : null));
    const [from, to] = frame.xview;
    const visible = runs.map((run) => run.visible).join();
    if (this.sharing?.visible !== visible)
      this.sharing = { visible, of: shares(this.shown(frame)) };
    const kind = this.scaleKind;
    const { lo, hi } = valueRange(this.shown(frame), diverged, leaves, kind, from, to);
    const ticks = upTicks({ kind, lo, hi }, this.rect(), scale);
    this.room = roomFor(ctx, ticks, TICK * scale, theme.font);
    const rect = this.rect();
    const xs = makeScale("linear", from, to, rect.x, rect.x + rect.w);
    const ys = makeScale(kind, lo, hi, rect.y + rect.h, rect.y);
    this.plot = { rect, xs, ys, shares: this.sharing.of, ratio: this.layers.ratio };
    this.layers.clear("base");
    drawGrid(ctx, this.plot, this.across(frame.axis, to - from), frame);
    this.drawFuture(ctx, frame);
    this.baseStale = false;
    this.drawn = null;
  }

  /**
   * The horizontal axis: its name, its unit and whether that is counted.
   * @type {(axis: Axis, span: number) => Across}
   */
  across(axis, span) {
    const per = this.data.steps_per_epoch || 1;
    const counted = axis.kind === "step" || axis.kind === "sample";
    const label = axis.kind === "step" ? this.data.xlabel : axis.name.toLowerCase();
    return { per, whole: counted || span > 3, label };
  }

  /**
   * Everything that is still to come, faintly, and the bands of many starts.
   * @type {(ctx: Context, frame: Frame) => void}
   */
  drawFuture(ctx, frame) {
    const { plot } = this;
    clipped(ctx, plot.rect, () => {
      for (const series of this.shown(frame)) {
        const dim = recedes(series.run, frame);
        const band = series.depth === null ? 0.12 : 0.07;
        fillBand(ctx, plot, series, rgba(inkOf(series, frame), dim ? 0.03 : band));
        const look = { alpha: dim ? 0.06 : series.thin ? 0.12 : 0.24, width: 1.1 };
        const { main } = series;
        if (series.constant === null)
          strokeLine(ctx, plot, series, main, 0, main.length, look, frame);
        else strokeLevel(ctx, plot, series, series.constant, plot.xs.lo, plot.xs.hi, look, frame);
      }
    });
  }

  /** @param {Frame} frame */
  drawTrail(frame) {
    const ctx = this.layers.on.trail;
    const { plot, drawn } = this;
    const { step } = frame;
    const fresh = drawn === null || step < drawn;
    if (step === drawn) return;
    if (fresh) this.layers.clear("trail");
    const from = fresh ? -1 : drawn;
    clipped(ctx, plot.rect, () => {
      for (const series of this.shown(frame)) {
        const { main, constant, style } = series;
        const alpha = recedes(series.run, frame) ? 0.14 : 1;
        if (constant !== null) {
          const look = { alpha, width: 1.9 };
          strokeLevel(ctx, plot, series, constant, Math.max(0, from), step, look, frame);
          continue;
        }
        const begin = from < 0 ? 0 : Math.max(0, countUpTo(series, from) - 1);
        const end = countUpTo(series, step);
        if (end <= begin || (end - begin < 2 && from >= 0)) continue;
        const behind = { alpha: alpha * 0.3, width: 0.9 };
        for (const line of series.lines)
          strokeLine(ctx, plot, series, line, begin, end, behind, frame);
        const width = series.thin || style === "thin" ? 0.9 : 1.9;
        const faint = series.thin ? 0.5 : style === "thin" ? 0.75 : 1;
        strokeLine(ctx, plot, series, main, begin, end, { alpha: alpha * faint, width }, frame);
      }
    });
    this.drawn = step;
  }

  /** @param {Frame} frame */
  drawTop(frame) {
    const { runs, theme, scale, step, hover } = frame;
    const ctx = this.layers.on.top;
    const { plot } = this;
    const { rect, xs, ys } = plot;
    this.layers.clear("top");
    if (hover.step !== null) drawPlace(ctx, plot, hover.step, theme.muted, [2, 3], 1);
    drawPlace(ctx, plot, step, rgba(theme.text, 0.75), [], 1.1);
    /** @type {End[]} */
    const ends = [];
    const drawn = this.shown(frame).filter((series) => !series.thin);
    const near = drawn.filter((series) => this.isNear(series, frame));
    const crowded = near.length > 0 && drawn.length > CROWD;
    ctx.fillStyle = rgba(theme.background, 0.6);
    if (crowded) ctx.fillRect(rect.x, rect.y, rect.w, rect.h);
    for (const series of near) this.emphasise(ctx, series, frame);
    for (const series of drawn) {
      if (series.style === "thin") continue;
      const run = runs[series.run];
      // who has come to an end stays there, where others go on
      const place = series.paced ? Math.min(step, lastPlace(series)) : step;
      const share = plot.shares.get(series);
      const x = aside(xs.px(place), share, rect, scale);
      const y = ys.px(seriesAt(series, place));
      const inside = y >= rect.y - 2 && y <= rect.y + rect.h + 2;
      if (!inside && isLost(series, run, place, y, rect))
        drawLost(ctx, plot, series, run, place, this.data.worst, frame);
      if (!inside || x < rect.x - 2 || x > rect.x + rect.w + 2) continue;
      const dim = recedes(series.run, frame) || (crowded && !near.includes(series));
      ctx.globalAlpha = dim ? 0.15 : 1;
      if (!share) drawTip(ctx, plot, series, frame, x, y);
      const layer = series.depth !== null;
      const ink = inkOf(series, frame);
      const shape = layer ? "circle" : run.marker;
      const size = (layer ? 2.6 : 4) * scale;
      drawMarker(ctx, shape, x, y, size, ink, theme.background, 1.3 * scale);
      ctx.globalAlpha = 1;
      if (layer) ends.push({ x, y, text: series.name ?? "", ink });
    }
    nameEnds(ctx, ends, rect, frame);
    if (this.data.empty && !this.series.length) drawWords(ctx, rect, this.data.empty, frame);
  }

  /**
   * Whether it is the curve under the pointer, or the same run's curve in another panel.
   * @type {(series: Series, frame: Frame) => boolean}
   */
  isNear(series, { hover: { near } }) {
    if (!near || series.constant !== null) return false;
    if (near.panel === this) return near.name === nameOf(series);
    return near.run === series.run && series.name === null && near.layer === null;
  }

  /**
   * A curve lifted off the others.
   * @type {(ctx: Context, series: Series, frame: Frame) => void}
   */
  emphasise(ctx, series, frame) {
    const { plot } = this;
    const end = countUpTo(series, frame.step);
    clipped(ctx, plot.rect, () => {
      ctx.strokeStyle = frame.theme.background;
      ctx.lineWidth = 6.5 * frame.scale;
      ctx.lineJoin = "round";
      ctx.beginPath();
      traceLine(ctx, plot, series.main, series.x, 0, end);
      ctx.stroke();
      strokeLine(ctx, plot, series, series.main, 0, end, { alpha: 1, width: 3 }, frame);
    });
  }
}
