// The message, the curves' numbers and the paths on the map.
import assert from "node:assert/strict";
import { test } from "node:test";

import { stretches } from "../../optviz/player/js/curves/strokes.js";
import { fromBase64, unpack } from "../../optviz/player/js/data/message.js";
import { makeScale } from "../../optviz/player/js/data/scales.js";
import {
  countUpTo,
  lostAt,
  medianOf,
  prepareSeries,
  seriesAt,
  shares,
  valueRange,
} from "../../optviz/player/js/data/series.js";
import { clipSegment, projectPath, trailAt, traceTrail } from "../../optviz/player/js/map/trails.js";

function message(header, data, shift = 0) {
  let text = new TextEncoder().encode(JSON.stringify(header));
  const padded = new Uint8Array(Math.ceil(text.length / 4) * 4).fill(32);
  padded.set(text);
  text = padded;
  const all = new Uint8Array(shift + 4 + text.length + data.length);
  new DataView(all.buffer).setUint32(shift, text.length, true);
  all.set(text, shift + 4);
  all.set(data, shift + 4 + text.length);
  return all.subarray(shift);
}

const FLOATS = new Uint8Array(new Float32Array([1, 2.5, -3, 4]).buffer);

test("unpack puts arrays in place of references, wherever the bytes start", () => {
  const header = { id: "a", deep: [{ y: { offset: 4, dtype: "f4", shape: [3] } }], none: null };
  for (const shift of [0, 1, 2, 3, 4]) {
    const found = unpack(message(header, FLOATS, shift));
    assert.equal(found.id, "a");
    assert.equal(found.none, null);
    assert.deepEqual([...found.deep[0].y.data], [2.5, -3, 4]);
  }
});

test("unpack restores quantised arrays and refuses a message cut short", () => {
  const stored = new Uint8Array(new Uint16Array([0, 10, 65535]).buffer);
  const ref = { offset: 0, dtype: "u2", shape: [3], scale: 0.5, bias: -1 };
  const { y } = unpack(message({ y: ref }, stored));
  assert.deepEqual([...y.data], [-1, 4, NaN]);
  const long = { y: { offset: 8, dtype: "f4", shape: [4] } };
  assert.throws(() => unpack(message(long, FLOATS)), /cut short/);
});

test("fromBase64 gives the bytes back", () => {
  assert.deepEqual([...fromBase64("AQID\n/w==")], [1, 2, 3, 255]);
});

const line = (values, x = null) =>
  prepareSeries({
    run: 0,
    y: { data: new Float32Array(values), shape: [values.length] },
    x: x && { data: new Float32Array(x), shape: [x.length] },
  });

test("values between steps lie on the straight line", () => {
  const plain = line([0, 10, 20]);
  assert.equal(seriesAt(plain, 0), 0);
  assert.equal(seriesAt(plain, 1.5), 15);
  assert.equal(seriesAt(plain, 9), 20);
  const sparse = line([1, 3], [0, 100]);
  assert.equal(seriesAt(sparse, 50), 2);
  assert.equal(countUpTo(sparse, 99.9), 1);
  assert.equal(countUpTo(sparse, 100), 2);
  assert.ok(Number.isNaN(seriesAt(line([1], [10]), 5)));
  assert.equal(seriesAt(prepareSeries({ run: 0, constant: 0.1 }), 7), 0.1);
});

test("the median counts what is not finite as the worst", () => {
  const lines = [[1, NaN], [2, 2], [9, 3]].map((values) => new Float32Array(values));
  assert.deepEqual([...medianOf(lines, 2)], [2, 3]);
});

test("a diverged run does not flatten the others, an escaped one counts until it leaves", () => {
  const calm = { ...line([10, 1, 0.1]), run: 0 };
  const wild = { ...line([10, 1e6, 1e12]), run: 1 };
  const range = valueRange([calm, wild], [false, true], [null, null], "log", 0, 2);
  assert.ok(range.hi < 300 && range.hi >= 100, `hi ${range.hi}`);
  assert.ok(range.lo <= 0.1);
  const fall = line([0, -1, -1e9]);
  assert.ok(valueRange([fall], [false], [1], "linear", 0, 2).lo > -2);
  assert.deepEqual(valueRange([], [], [], "log", 0, 1), { lo: 0.1, hi: 10 });
  const gap = valueRange([line([NaN, 0, -1, 5])], [false], [null], "log", 0, 3);
  assert.ok(gap.lo > 1 && gap.hi > 5, "values without a logarithm do not count");
});

test("far segments are clipped on the same straight line", () => {
  assert.equal(clipSegment(-1e9, 20, 1e9, 20, 10), null);
  const cut = clipSegment(-1e9, 0, 1e9, 0, 10);
  assert.deepEqual(cut.map(Math.round), [-10, 0, 10, 0]);
  assert.equal(clipSegment(0, 0, NaN, 1, 10), null);
});

test("trails lift the pen over gaps", () => {
  const data = new Float32Array([0, 0, 1, 1, NaN, NaN, 3, 3, 4, 4]);
  const trail = projectPath({ data, shape: [5, 2] }, (x) => x * 10, (y) => y * 10);
  const seen = [];
  const ctx = { moveTo: (x) => seen.push(`m${x}`), lineTo: (x) => seen.push(`l${x}`) };
  traceTrail(ctx, trail, 0, 0, 4);
  assert.deepEqual(seen, ["m0", "l10", "m30", "l40"]);
  assert.deepEqual(trailAt(trail, 0, 0.5), [5, 5]);
  assert.deepEqual(trailAt(trail, 0, 99), [40, 40]);
});

test("a number that is none has no place on a log axis, and says since when it is lost", () => {
  const scale = makeScale("log", 0.01, 100, 200, 0);
  assert.equal(scale.px(0), 200, "nothing is as low as the floor");
  assert.ok(Number.isNaN(scale.px(NaN)));
  assert.equal(scale.px(Infinity), -Infinity);
  const curve = line([3, 2, NaN, NaN, Infinity]);
  assert.deepEqual([0, 1, 2, 3, 4].map((step) => lostAt(curve, step)), [null, null, 2, 2, 2]);
  assert.equal(lostAt({ ...line([NaN]), x: [48] }, 48), 48);
  assert.equal(lostAt({ ...line([NaN]), x: [48] }, 40), null, "before the first epoch's end");
  assert.equal(lostAt(prepareSeries({ run: 0, constant: 1 }), 3), null);
});

test("a band is drawn in the stretches where both of its sides are numbers", () => {
  const low = [1, 2, NaN, 4, 5];
  assert.deepEqual(stretches(5, (i) => low[i] === low[i]), [[0, 2], [3, 5]]);
  assert.deepEqual(stretches(0, () => true), []);
});

test("curves that lie on each other take turns", () => {
  const constant = (run, value) => prepareSeries({ run, constant: value });
  const all = [constant(0, 0.1), line([1, 2, NaN]), constant(2, 0.1), line([1, 2, NaN]), constant(4, 0.1), line([1, 2, 3])];
  const found = shares(all);
  assert.deepEqual(all.map((series) => found.get(series)?.place ?? null), [0, 0, 1, 1, 2, null]);
  assert.deepEqual([found.get(all[0]).of, found.get(all[1]).of], [3, 2]);
  const dashed = { ...line([1, 2]), style: "dashed" };
  assert.equal(shares([dashed, { ...dashed }]).size, 0, "other styles tell themselves apart");
});
