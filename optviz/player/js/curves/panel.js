// A panel of curves over steps: the past bright, the future faint.

import { Layers } from "../canvas/layers.js";
import { drawMarker, roomFor, TICK } from "../canvas/marks.js";
import { rgba } from "../canvas/palette.js";
import { makeScale } from "../data/scales.js";
import { countUpTo, lastPlace, seriesAt, shares, traceLine, valueRange } from "../data/series.js";
import { drawGrid, drawPlace, drawWords, upTicks } from "./grid.js";
import { aside, divergesOf, drawLost, drawTip, isLost } from "./heads.js";
import { drawPoints, fillBand, inkOf, nameEnds, strokeLevel } from "./strokes.js";

const STYLE_DASH = { dashed: [6, 4], dots: [1, 4] };
const REACH = 40; // pixels from the pointer within which a curve is the nearest
const DASH = 9; // pixels of each colour where curves lie on each other
const CROWD = 12; // curves beyond which all but the nearest one step back

export class CurvePanel {
  /** @param {HTMLElement} host the box that the canvases fill */
  constructor(host) {
    this.kind = "curves";
    this.host = host;
    this.layers = new Layers(host, ["base", "trail", "top"]);
    this.baseStale = true;
    this.drawn = null; // the step up to which the trail layer is drawn; null: not at all
  }

  /** Takes new data; the choice of axis and the zoom stay. */
  setData(panel, series) {
    this.panel = panel;
    this.series = series;
    this.sharing = null;
    // the user's choice of axis holds until data come that ask for another one
    if (panel.scale !== this.asked) this.scaleKind = panel.scale;
    this.asked = panel.scale;
    this.invalidate();
  }

  setScaleKind(kind) {
    this.scaleKind = kind;
    this.invalidate();
  }

  invalidate() {
    this.baseStale = true;
  }

  /** The plot's rectangle in the panel. */
  rect(scale) {
    const { width, height } = this.layers;
    const left = Math.max(Math.round(50 * scale), this.room || 0);
    return {
      x: left,
      y: 8,
      w: Math.max(10, width - left - Math.round(14 * scale)),
      h: Math.max(10, height - 8 - Math.round(25 * scale)),
    };
  }

  shown(frame) {
    return this.series.filter((series) => frame.runs[series.run].visible);
  }

  draw(frame) {
    if (this.layers.fit()) this.baseStale = true;
    if (this.layers.width < 40 || this.layers.height < 30) return;
    if (this.baseStale) this.drawBase(frame);
    this.drawTrail(frame);
    this.drawTop(frame);
  }

  drawBase(frame) {
    const { theme, scale, xview } = frame;
    const ctx = this.layers.base;
    // only a loss runs off; rates and shares of the same runs are shown whole
    const off = Boolean(this.panel.runs_off);
    const diverged = frame.runs.map((run) => off && divergesOf(run));
    const leaves = frame.runs.map((run) => (off ? (run.leaves ?? null) : null));
    const { from, to } = xview;
    const visible = frame.runs.map((run) => run.visible).join();
    if (this.sharing?.visible !== visible)
      this.sharing = { visible, map: shares(this.shown(frame)) };
    const range = valueRange(this.shown(frame), diverged, leaves, this.scaleKind, from, to);
    const ticks = upTicks({ kind: this.scaleKind, ...range }, this.rect(scale), scale);
    this.room = roomFor(ctx, ticks, TICK * scale, theme.font);
    const rect = this.rect(scale);
    this.xs = makeScale("linear", from, to, rect.x, rect.x + rect.w);
    this.ys = makeScale(this.scaleKind, range.lo, range.hi, rect.y + rect.h, rect.y);
    this.layers.clear("base");
    drawGrid(ctx, rect, this.xs, this.ys, this.across(frame.axis, to - from), frame);
    this.drawFuture(ctx, rect, frame);
    this.baseStale = false;
    this.drawn = null;
  }

  /** The horizontal axis: its name, its unit and whether that is counted. */
  across(axis, span) {
    const per = this.panel.steps_per_epoch || 1;
    const counted = axis.kind === "step" || axis.kind === "sample";
    const label = axis.kind === "step" ? this.panel.xlabel || "" : axis.name.toLowerCase();
    return { per, whole: counted || span > 3, label };
  }

  /** Everything that is still to come, faintly, and the bands of many starts. */
  drawFuture(ctx, rect, frame) {
    this.clipped(ctx, rect, () => {
      for (const series of this.shown(frame)) {
        const run = frame.runs[series.run];
        const dim = frame.highlight >= 0 && frame.highlight !== series.run;
        const band = series.depth === null ? 0.12 : 0.07;
        const paint = rgba(inkOf(series, frame), dim ? 0.03 : band);
        if (series.band) fillBand(ctx, series, this.xs, this.ys, paint);
        const alpha = dim ? 0.06 : series.thin ? 0.12 : 0.24;
        const { main } = series;
        if (main) this.stroke(ctx, series, main, 0, main.length, run, frame, alpha, 1.1);
        else this.level(ctx, series, run, frame, this.xs.lo, this.xs.hi, alpha, 1.1);
      }
    });
  }

  drawTrail(frame) {
    const ctx = this.layers.trail;
    const fresh = this.drawn === null || frame.step < this.drawn;
    if (fresh) this.layers.clear("trail");
    else if (frame.step === this.drawn) return;
    const from = fresh ? -1 : this.drawn;
    this.clipped(ctx, this.rect(frame.scale), () => {
      for (const series of this.shown(frame)) {
        const run = frame.runs[series.run];
        const dim = frame.highlight >= 0 && frame.highlight !== series.run;
        const alpha = dim ? 0.14 : 1;
        if (series.constant !== null) {
          this.level(ctx, series, run, frame, Math.max(0, from), frame.step, alpha, 1.9);
          continue;
        }
        const begin = from < 0 ? 0 : Math.max(0, countUpTo(series, from) - 1);
        const end = countUpTo(series, frame.step);
        if (end <= begin || (end - begin < 2 && from >= 0)) continue;
        for (const line of series.lines)
          this.stroke(ctx, series, line, begin, end, run, frame, alpha * 0.3, 0.9);
        const width = series.thin || series.style === "thin" ? 0.9 : 1.9;
        const faint = series.thin ? 0.5 : series.style === "thin" ? 0.75 : 1;
        this.stroke(ctx, series, series.main, begin, end, run, frame, alpha * faint, width);
      }
    });
    this.drawn = frame.step;
  }

  stroke(ctx, series, line, from, to, run, frame, alpha, width) {
    ctx.globalAlpha = alpha;
    ctx.strokeStyle = inkOf(series, frame);
    ctx.lineWidth = width * frame.scale;
    ctx.lineJoin = "round";
    // round ends hide the joints of a line drawn piece by piece
    const solid = alpha === 1 && !run.dash.length && series.style === "solid";
    ctx.lineCap = solid || series.style === "dots" ? "round" : "butt";
    // dashes of a line that turns within a pixel would be a fog
    const dense = line.length > 3 * Math.abs(this.xs.to - this.xs.from);
    const plain = dense || series.thin || series.depth !== null;
    const turns = plain ? null : this.turns(series, frame);
    ctx.setLineDash(turns?.dash || STYLE_DASH[series.style] || (plain ? [] : run.dash));
    // a pattern that runs with x stays in place however the line is cut into segments
    const along = from > 0 ? this.xs.px(series.x ? series.x[from] : from) - this.xs.from : 0;
    ctx.lineDashOffset = along + (turns?.offset ?? 0);
    ctx.beginPath();
    traceLine(ctx, line, series.x, from, to, this.xs, this.ys, 1e5);
    ctx.stroke();
    ctx.setLineDash([]);
    const marked = series.style === "dots" || series.style === "points";
    if (marked && width > 1) drawPoints(ctx, series, line, from, to, this.xs, this.ys, frame);
    ctx.globalAlpha = 1;
  }

  /** A curve that is one number throughout. */
  level(ctx, series, run, frame, from, to, alpha, width) {
    const turns = this.turns(series, frame);
    const line = { dash: turns?.dash || run.dash, offset: turns?.offset ?? 0, alpha, width };
    const y = this.ys.px(series.constant);
    const { ratio } = this.layers;
    strokeLevel(ctx, this.xs, y, from, to, run.ink, line, frame.scale, ratio);
  }

  /** The pattern of a curve that lies on others, so that each shows in its turn. */
  turns(series, { scale }) {
    const share = this.sharing.map.get(series);
    if (!share) return null;
    const length = DASH * scale;
    return { dash: [length, length * (share.of - 1)], offset: -share.place * length };
  }

  drawTop(frame) {
    const { theme, scale } = frame;
    const ctx = this.layers.top;
    const rect = this.rect(scale);
    this.layers.clear("top");
    const { xs } = this;
    if (frame.hoverStep !== null) drawPlace(ctx, rect, xs, frame.hoverStep, theme.muted, [2, 3], 1);
    drawPlace(ctx, rect, xs, frame.step, rgba(theme.text, 0.75), [], 1.1);
    const ends = [];
    const drawn = this.shown(frame).filter((series) => !series.thin);
    const near = drawn.filter((series) => this.isNear(series, frame));
    const crowded = near.length > 0 && drawn.length > CROWD;
    ctx.fillStyle = rgba(theme.background, 0.6);
    if (crowded) ctx.fillRect(rect.x, rect.y, rect.w, rect.h);
    for (const series of near) this.emphasise(ctx, rect, series, frame);
    for (const series of drawn) {
      if (series.style === "thin") continue;
      const run = frame.runs[series.run];
      // who has come to an end stays there, where others go on
      const place = series.paced ? Math.min(frame.step, lastPlace(series)) : frame.step;
      const share = this.sharing.map.get(series);
      const x = aside(this.xs.px(place), share, rect, scale);
      const y = this.ys.px(seriesAt(series, place));
      const inside = y >= rect.y - 2 && y <= rect.y + rect.h + 2;
      if (!inside && isLost(series, run, place, y, rect))
        drawLost(ctx, rect, xs, series, run, place, this.panel.worst, frame);
      if (!inside || x < rect.x - 2 || x > rect.x + rect.w + 2) continue;
      const dim = frame.highlight >= 0 && frame.highlight !== series.run;
      ctx.globalAlpha = dim || (crowded && !near.includes(series)) ? 0.15 : 1;
      if (!share) drawTip(ctx, xs, this.ys, series, frame, x, y);
      const layer = series.depth !== null;
      const ink = inkOf(series, frame);
      const [shape, size] = layer ? ["circle", 2.6 * scale] : [run.marker, 4 * scale];
      drawMarker(ctx, shape, x, y, size, ink, theme.background, 1.3 * scale);
      ctx.globalAlpha = 1;
      if (layer) ends.push({ x, y, text: series.name, ink });
    }
    nameEnds(ctx, ends, rect, frame);
    if (this.panel.empty && !this.series.length) drawWords(ctx, rect, this.panel.empty, frame);
  }

  /** Whether it is the curve under the pointer, or the same run's curve in another panel. */
  isNear(series, { near }) {
    if (!near || !series.main) return false;
    if (near.panel === this) return near.name === nameOf(series);
    return near.run === series.run && series.name === null && near.layer === null;
  }

  /** A curve lifted off the others. */
  emphasise(ctx, rect, series, frame) {
    const run = frame.runs[series.run];
    const end = countUpTo(series, frame.step);
    this.clipped(ctx, rect, () => {
      ctx.strokeStyle = frame.theme.background;
      ctx.lineWidth = 6.5 * frame.scale;
      ctx.lineJoin = "round";
      ctx.beginPath();
      traceLine(ctx, series.main, series.x, 0, end, this.xs, this.ys, 1e5);
      ctx.stroke();
      this.stroke(ctx, series, series.main, 0, end, run, frame, 1, 3);
    });
  }

  clipped(ctx, rect, draw) {
    ctx.save();
    ctx.beginPath();
    ctx.rect(rect.x, rect.y - 3, rect.w + 1, rect.h + 4);
    ctx.clip();
    draw();
    ctx.restore();
  }

  /** Rows of the read-out: `{run, name, value, color, near}` of every visible curve. */
  readAt(step, frame) {
    return this.shown(frame)
      .filter((series) => !series.thin)
      .map((series) => ({
        run: series.run,
        name: series.name,
        value: seriesAt(series, step),
        color: inkOf(series, frame),
        near: this.isNear(series, frame),
      }));
  }

  /** The curve nearest to a pixel, or null. */
  nearest(x, y, frame) {
    let best = null;
    let distance = REACH * frame.scale;
    for (const series of this.shown(frame)) {
      if (series.thin) continue;
      const off = Math.abs(this.ys.px(seriesAt(series, this.xs.value(x))) - y);
      if (off < distance) [best, distance] = [series, off];
    }
    return best && { panel: this, name: nameOf(best), run: best.run, layer: best.depth };
  }
}

function nameOf({ run, name, style }) {
  return `${run}|${name}|${style}`;
}
