// Pieces of a curve's picture: its colour, its band, its markers.

import { drawMarker } from "./marks.js";
import { layerColor } from "./palette.js";

const MARK_ROOM = 11; // pixels between two markers of a curve

/** A layer's colour tells its depth, every other curve's its run. */
export function inkOf({ run, depth }, { runs, theme }) {
  return depth === null ? runs[run].ink : layerColor(theme.dark, depth);
}

/** The area between a series' least and greatest value. */
export function fillBand(ctx, series, xs, ys, color) {
  const [low, high] = series.band;
  const { lo, hi } = ys;
  const limit = (value) => (Number.isFinite(value) ? value : value > 0 ? hi * 10 : lo);
  ctx.fillStyle = color;
  ctx.beginPath();
  for (let i = 0; i < high.length; i++)
    ctx.lineTo(xs.px(series.x ? series.x[i] : i), ys.px(limit(high[i])));
  for (let i = low.length - 1; i >= 0; i--)
    ctx.lineTo(xs.px(series.x ? series.x[i] : i), ys.px(limit(low[i])));
  ctx.fill();
}

/** Markers on points [from, to) of a line. */
export function drawPoints(ctx, series, line, from, to, xs, ys, frame) {
  const { runs, scale, theme } = frame;
  const ink = inkOf(series, frame);
  const place = (i) => xs.px(series.x ? series.x[i] : i);
  // markers that would lie on each other tell nothing; counted from the start, they stay in place
  const between = Math.abs(place(line.length - 1) - place(0)) / Math.max(1, line.length - 1);
  const every = between > 0 ? Math.ceil((MARK_ROOM * scale) / between) : 1;
  for (let i = Math.ceil(from / every) * every; i < to; i += every)
    if (Number.isFinite(line[i]))
      drawMarker(
        ctx, runs[series.run].marker, place(i), ys.px(line[i]), 3.4 * scale, ink, theme.background, 1,
      );
}
