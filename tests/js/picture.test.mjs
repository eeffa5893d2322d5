// Ticks, levels, bands and labels.
import assert from "node:assert/strict";
import { test } from "node:test";

import { drawGlyph } from "../../optviz/player/js/canvas/glyphs.js";
import { roomFor } from "../../optviz/player/js/canvas/marks.js";
import { parseColor, sequentialColors } from "../../optviz/player/js/canvas/palette.js";
import { formatNumber, makeScale, makeTicks, niceStep } from "../../optviz/player/js/data/scales.js";
import { contourLevels, levelTicks, padGrid, paintBands, valueAt } from "../../optviz/player/js/map/contour.js";
import { groupEvents, placeBoxes } from "../../optviz/player/js/map/labels.js";
import { projectPath, strokeTrail } from "../../optviz/player/js/map/trails.js";
import { signs } from "../../optviz/player/js/shell/legend.js";

test("steps are 1, 2 or 5 times a power of ten", () => {
  assert.equal(niceStep(10, 5), 2);
  assert.equal(niceStep(0.7, 10), 0.1);
  assert.equal(niceStep(0, 5), 1);
});

const textOf = (ticks) => ticks.map((tick) => tick.text + (tick.raised ? `^${tick.raised}` : ""));

test("linear ticks", () => {
  assert.deepEqual(textOf(makeTicks(makeScale("linear", -1, 1, 0, 100), 4)), ["−1.0", "−0.5", "0", "0.5", "1.0"]);
  assert.deepEqual(textOf(makeTicks(makeScale("linear", 0, 4e6, 0, 100), 4)), ["0", "1·10^6", "2·10^6", "3·10^6", "4·10^6"]);
  assert.deepEqual(textOf(makeTicks(makeScale("linear", 0, 2, 0, 100), 9, true)), ["0", "1", "2"]);
});

test("log ticks are powers of ten, over short ranges 1, 2, 5", () => {
  assert.deepEqual(textOf(makeTicks(makeScale("log", 1e-4, 1e2, 0, 1), 7)).slice(0, 2), ["10^−4", "10^−3"]);
  assert.ok(makeTicks(makeScale("log", 1e-20, 1, 0, 1), 5).length <= 6);
  assert.deepEqual(textOf(makeTicks(makeScale("log", 0.15, 0.7, 0, 1), 5)), ["0.2", "0.5"]);
  assert.ok(makeTicks(makeScale("log", 0.21, 0.29, 0, 1), 5).length >= 2);
});

test("a log axis draws zero at its floor", () => {
  const scale = makeScale("log", 0.01, 100, 200, 0);
  assert.equal(scale.px(0), 200);
  assert.equal(scale.px(-5), 200);
  assert.equal(scale.px(1), 100);
  assert.ok(Math.abs(scale.value(100) - 1) < 1e-12);
});

test("numbers as text", () => {
  assert.deepEqual(
    [0, 0.5, -12.3456, 1.5e-7, 123456, NaN, Infinity].map((value) => formatNumber(value)),
    ["0", "0.5", "−12.35", "1.50·10⁻⁷", "1.23·10⁵", "–", "∞"],
  );
});

function bowl(n) {
  const data = new Float32Array(n * n);
  for (let j = 0; j < n; j++)
    for (let i = 0; i < n; i++) data[j * n + i] = (-1 + (2 * i) / (n - 1)) ** 2 + 3 * (-1 + (2 * j) / (n - 1)) ** 2;
  return { data, shape: [n, n] };
}
const WINDOW = { x0: -1, x1: 1, y0: -1, y1: 1 };

test("interpolation is exact on a quadratic and empty outside", () => {
  const grid = padGrid(bowl(9));
  for (const [x, y] of [[0.13, -0.71], [-0.99, 0.99], [0, 0], [1, 1]])
    assert.ok(Math.abs(valueAt(grid, WINDOW, x, y) - (x * x + 3 * y * y)) < 1e-5);
  assert.ok(Number.isNaN(valueAt(grid, WINDOW, 1.2, 0)));
});

test("levels cover the values", () => {
  const { data } = bowl(21);
  const linear = contourLevels(data, "linear");
  assert.ok(linear.first <= 0 && linear.first + linear.step * linear.count >= 4 - 1e-6);
  const log = contourLevels(data, "log", 0);
  assert.ok(log.log && log.count <= 19 && log.first + log.step * log.count >= Math.log10(4) - 1e-6);
  assert.equal(contourLevels(data, "log", -2).floor, -2);
  assert.ok(levelTicks(log, 4).length >= 2);
  assert.equal(contourLevels(new Float32Array([NaN, NaN]), "log").count, 1);
  assert.equal(contourLevels(new Float32Array([3, 3]), "log").count, 1);
});

test("bands: low in the middle, high at the corner, clear outside the window", () => {
  const grid = padGrid(bowl(21));
  const image = { width: 40, height: 40, data: new Uint8ClampedArray(40 * 40 * 4) };
  const levels = contourLevels(bowl(21).data, "linear");
  const colors = sequentialColors(false, levels.count);
  const view = { x0: -2, x1: 2, y0: -2, y1: 2 };
  paintBands(image, grid, view, WINDOW, levels, colors, [0, 0, 0, 0], 1);
  const at = (x, y) => [...image.data.subarray((y * 40 + x) * 4, (y * 40 + x) * 4 + 4)];
  assert.equal(at(2, 2)[3], 0);
  assert.deepEqual(at(20, 20).slice(0, 3), colors[0].map(Math.round));
  assert.deepEqual(at(29, 29).slice(0, 3), colors.at(-1).map(Math.round));
});

test("where the surface has no number the map is clear, on log levels too", () => {
  const grid = bowl(21);
  for (let i = 0; i < grid.data.length; i++) if (i % 21 < 10) grid.data[i] = NaN;
  for (const kind of ["log", "linear"]) {
    const image = { width: 40, height: 40, data: new Uint8ClampedArray(40 * 40 * 4) };
    const levels = contourLevels(grid.data, kind);
    const colors = sequentialColors(false, levels.count);
    paintBands(image, padGrid(grid), WINDOW, WINDOW, levels, colors, [0, 0, 0, 0], 1);
    const alpha = (x) => image.data[(20 * 40 + x) * 4 + 3];
    assert.deepEqual([alpha(5), alpha(35)], [0, 255], kind);
  }
});

test("colours", () => {
  assert.deepEqual(parseColor("#0f8"), [0, 255, 136]);
  assert.deepEqual(parseColor("rgb(1, 2, 3)"), [1, 2, 3]);
  assert.equal(sequentialColors(true, 1).length, 1);
});

test("outcomes at one place share a label, labels keep off each other", () => {
  const event = (run, kind, x) => ({ run, kind, x, y: 50 });
  const groups = groupEvents([event(0, "converged", 50), event(1, "converged", 60), event(2, "diverged", 55)]);
  assert.deepEqual(groups.map((group) => group.members.length), [2, 1]);
  const boxes = [0, 1, 2].map(() => ({ x: 100, y: 100, w: 80, h: 20 }));
  const placed = placeBoxes(boxes, { x: 0, y: 0, w: 400, h: 300 });
  for (const [i, a] of placed.entries())
    for (const b of placed.slice(i + 1))
      assert.ok(Math.abs(a.x - b.x) >= 80 || Math.abs(a.y - b.y) >= 20, JSON.stringify(placed));
});

test("a chip has one sign, none on the way, and with several starts one for each outcome", () => {
  assert.deepEqual(signs({ outcome: "left", note: "12" }), [["left", "12"]]);
  assert.deepEqual(signs({ outcome: "stationary", note: "" }), [["stationary", ""]]);
  assert.deepEqual(signs({ outcome: "running", note: "" }), []);
  assert.deepEqual(signs({ outcome: null }), []);
  assert.deepEqual(signs({ outcome: null, counts: [["diverged", 64]] }), [["diverged", "64"]]);
});

test("every outcome has a sign of its own", () => {
  const drawn = ["converged", "left", "running", "stationary", "escaped", "diverged"].map((kind) => {
    const path = [];
    const to = (name) => (x, y) => path.push([name, x, y]);
    drawGlyph({ beginPath() {}, stroke() {}, moveTo: to("m"), lineTo: to("l") }, kind, 0, 0, 1);
    return JSON.stringify(path);
  });
  assert.equal(new Set(drawn).size, 6);
});

test("bands end where the losses' own rounding begins", () => {
  const relief = [1e8, 1e8 + 1.5e-8, 1e8 + 5e-7, 1e8 + 1e-6];
  const levels = contourLevels(relief, "log");
  assert.ok(10 ** levels.first > 2e-8 && 10 ** levels.first < 1e-7, String(levels.first));
  assert.ok(10 ** contourLevels(relief.map((v) => v - 1e8), "log").first < 2e-8);
});

test("small numbers are written as powers, and labels have the room that they need", () => {
  const ticks = makeTicks(makeScale("linear", -0.001, 0.001, 0, 100), 5);
  assert.ok(ticks.every(({ value, raised }) => value === 0 || raised === "−4"), textOf(ticks));
  const ctx = { measureText: (text) => ({ width: 6 * text.length }) };
  const room = (from, to) => roomFor(ctx, makeTicks(makeScale("linear", from, to, 0, 1), 4), 11, "");
  assert.ok(room(-99999, 99999) > room(-4, 4) + 20);
});

test("a long trail is stroked in pieces that join, for one stroke costs the square of its length", () => {
  const points = 1001;
  const trail = projectPath(
    { data: Float64Array.from({ length: 2 * points }, (_, i) => i % 7), shape: [1, points, 2] },
    (x) => x,
    (y) => y,
  );
  const strokes = [];
  const ctx = {
    setLineDash() {},
    beginPath: () => strokes.push([]),
    moveTo: (x, y) => strokes.at(-1).push([x, y]),
    lineTo: (x, y) => strokes.at(-1).push([x, y]),
    stroke() {},
  };
  strokeTrail(ctx, trail, 0, points - 1, "#000", [], 1, 2);
  assert.ok(strokes.length >= 4 && strokes.every((stroke) => stroke.length <= 251));
  assert.equal(strokes.flat().length, points - 1 + strokes.length, "every point once, joints twice");
  for (const [i, stroke] of strokes.slice(1).entries())
    assert.deepEqual(stroke[0], strokes[i].at(-1));
});
