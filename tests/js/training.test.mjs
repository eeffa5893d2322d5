// A training's axes, its seeds, its layers, and what the browser keeps of the viewer's choices.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Axis, interpolate, samplesAt, stepsFor } from "../../optviz/player/js/data/axis.js";
import { Choices } from "../../optviz/player/js/data/choices.js";
import { Clock } from "../../optviz/player/js/data/clock.js";
import { gather } from "../../optviz/player/js/data/seeds.js";

const floats = (values) => ({ data: new Float32Array(values), shape: [values.length] });

// The second member's steps are twice as large and take four times as long.
const HEADER = {
  num_steps: 100,
  axes: ["step", "epoch", "sample", "second"],
  members: [
    member(100, 10, 64, [0, 10, 10, 100], [0, 1, 2, 11]),
    member(50, 5, 128, [0, 50], [0, 20]),
  ],
};

function member(num_steps, steps_per_epoch, batch, steps, seconds) {
  const clock = { steps: floats(steps), seconds: floats(seconds) };
  const samples = { epoch: steps_per_epoch * batch, batch };
  return { label: "", num_steps, steps_per_epoch, samples, clock };
}

test("between two looks at the clock time passes evenly; a pause lies at its end", () => {
  const { steps, seconds } = HEADER.members[0].clock;
  const at = (step) => interpolate(steps.data, seconds.data, step);
  assert.deepEqual([at(0), at(5), at(10), at(55), at(100)], [0, 0.5, 2, 6.5, 11]);
  assert.ok(Math.abs(at(110) - 12.1) < 1e-9, "beyond the last look it goes on as on average");
  assert.equal(interpolate([0], [0], 3), 0);
});

test("every member has a place of its own on an axis, and a way back", () => {
  const expected = { step: [50, 50], epoch: [5, 10], sample: [3200, 6400], second: [6, 20] };
  for (const [kind, places] of Object.entries(expected)) {
    const axis = new Axis(kind, HEADER);
    assert.deepEqual([axis.at(0, 50), axis.at(1, 50)], places, kind);
    assert.deepEqual([axis.stepAt(0, places[0]), axis.stepAt(1, places[1])], [50, 50], kind);
    assert.equal(axis.reference(places[0]), 50, "the longest run tells the step");
  }
  assert.deepEqual(["step", "epoch", "sample", "second"].map((kind) => new Axis(kind, HEADER).span),
    [100, 10, 6400, 20]);
  assert.equal(new Axis("second", HEADER).perStep, 0.2);
});

test("the last batch of an epoch counts as many images as it has", () => {
  const samples = { epoch: 129, batch: 64 };
  const seen = [0, 1, 2, 2.5, 3, 4, 6].map((step) => samplesAt(step, 3, samples));
  assert.deepEqual(seen, [0, 64, 128, 128.5, 129, 193, 258]);
  assert.deepEqual(seen.map((place) => stepsFor(place, 3, samples)), [0, 1, 2, 2.5, 3, 4, 6]);
  const one = { epoch: 5, batch: 5 };
  assert.deepEqual([samplesAt(1.5, 1, one), stepsFor(7.5, 1, one)], [7.5, 1.5]);
});

test("a race has steps and nothing else", () => {
  const axis = new Axis("step", { num_steps: 300 });
  assert.deepEqual([axis.span, axis.perStep, axis.words(12.6), axis.whole(1.6)], [300, 1, "step 12", 2]);
});

test("places in words", () => {
  const words = (kind, place) => new Axis(kind, HEADER).words(place);
  assert.equal(words("epoch", 2.5), "epoch 2.5");
  assert.equal(words("sample", 3200), "sample 3,200");
  assert.equal(words("second", 1.25), "1.3 s");
});

test("on another axis a second of playing moves as far as the same steps would", () => {
  const clock = new Clock();
  const axis = new Axis("second", HEADER);
  clock.resize(axis.span, false, axis.perStep);
  clock.play();
  clock.advance(0.1); // six steps of a hundred, so 6 % of 20 seconds
  assert.ok(Math.abs(clock.step - 1.2) < 1e-9);
});

test("the last message of live data is followed to its end", () => {
  const clock = new Clock();
  clock.resize(50, true);
  clock.resize(60, false);
  assert.equal(clock.step, 60);
});

const NONE = { singles: false, run: -1 };
const seedsOf = (...lines) => ({
  series: lines.map((values, member) => ({ run: 0, member, y: floats(values), x: null })),
});
const three = (diverged = -1) => ({
  num_steps: 5,
  members: [0, 1, 2].map((i) => ({
    ...member(5, 1, 1, [0, 5], [0, 5 * (i + 1)]),
    diverged: i === diverged,
  })),
});

test("seeds become their median and the band from least to greatest", () => {
  const panel = seedsOf([1, 2, 3], [3, 9, 4], [2, 1, 7]);
  const [curve, ...rest] = gather(panel, new Axis("step", three()), NONE);
  assert.deepEqual([...curve.main], [2, 2, 4]);
  assert.deepEqual(curve.band.map((part) => [...part]), [[1, 1, 3], [3, 9, 7]]);
  assert.equal(rest.length, 0);
  const apart = gather(panel, new Axis("step", three()), { ...NONE, singles: true });
  assert.deepEqual(apart.map((item) => Boolean(item.thin)), [false, true, true, true]);
  assert.deepEqual([...apart[2].main], [3, 9, 4]);
  assert.equal(gather(seedsOf([1, 2], [1, 2]), new Axis("step", three()), NONE)[0].band, null);
});

test("seeds that started later count where they have come to", () => {
  const [curve] = gather(seedsOf([1, 2, 3, 4, 5], [3, 4]), new Axis("step", three()), NONE);
  assert.deepEqual([...curve.main], [2, 3, 3, 4, 5]);
});

test("the end that not all seeds have reached yet is left out", () => {
  const long = Array.from({ length: 40 }, (_, i) => i);
  const [curve] = gather(seedsOf(long, long.slice(0, 38)), new Axis("step", three()), NONE);
  assert.equal(curve.main.length, 38);
});

test("a seed that diverged is the worst from then on", () => {
  const lines = [[1, 1, 1, 1, 1], [2, 9], [3, 3, 3, 3, 3]];
  const axis = new Axis("step", three(1));
  const [curve] = gather({ ...seedsOf(...lines), worst: "high" }, axis, NONE);
  assert.deepEqual([...curve.main], [2, 3, 3, 3, 3]);
  assert.deepEqual([...curve.band[1]], [3, 9, 3, 3, 3], "the band is that of finite values");
  const [low] = gather({ ...seedsOf(...lines), worst: "low" }, axis, NONE);
  assert.deepEqual([...low.main], [2, 3, 1, 1, 1]);
  const [left] = gather(seedsOf(...lines), axis, NONE);
  assert.deepEqual([...left.main], [2, 3, 2, 2, 2]);
});

test("against the clock seeds stand where they stand on average", () => {
  const [curve] = gather(seedsOf([1, 2, 3], [1, 2, 3], [1, 2, 3]), new Axis("second", three()), NONE);
  assert.deepEqual([...curve.x], [0, 2, 4]);
});

test("seeds whose points lie at different steps are compared on straight lines", () => {
  const series = [
    { run: 0, member: 0, x: floats([0, 2, 4]), y: floats([0, 2, 4]) },
    { run: 0, member: 1, x: floats([0, 4]), y: floats([2, 6]) },
  ];
  const [curve] = gather({ series }, new Axis("step", three()), NONE);
  assert.deepEqual([...curve.main], [1, 3, 5]);
});

test("layers: the middle one of each run, or every one of the run that is chosen", () => {
  const y = { data: new Float32Array([1, 1, 5, 5, 3, 3]), shape: [3, 2] };
  const panel = {
    layers: [["a", "b", "c"], ["a", "b", "c"]],
    series: [{ run: 0, member: 0, y, x: null }, { run: 1, member: 1, y, x: null }],
  };
  const axis = new Axis("step", three());
  assert.deepEqual(gather(panel, axis, NONE).map(({ run, main }) => [run, main[0]]), [[0, 3], [1, 3]]);
  const apart = gather(panel, axis, { ...NONE, run: 1 });
  assert.deepEqual(apart.map(({ run, name, depth }) => [run, name, depth]),
    [[1, "a", 0], [1, "b", 0.5], [1, "c", 1]]);
});

function storeOf(text) {
  const store = { text, getItem: () => store.text, setItem: (_, value) => (store.text = value) };
  return store;
}

test("choices are kept, and a damaged store is no choice", () => {
  const store = storeOf(null);
  const header = { panels: [{ key: "a", chosen: true }, { key: "b" }], axes: ["step", "epoch"] };
  const first = new Choices(store);
  first.show("b", true);
  first.show("a", false);
  first.choose({ axis: "epoch" });
  const again = new Choices(store);
  assert.deepEqual(again.panels(header).map((panel) => panel.key), ["b"]);
  assert.equal(again.axisOf(header), "epoch");
  assert.equal(again.axisOf({ panels: [] }), "step", "a race has no other axis");
  again.show("b", false);
  assert.deepEqual(again.panels(header).map((panel) => panel.key), ["a"], "one always stays");
  for (const text of ["{", "null", '{"panels": 3, "axis": {}}'])
    assert.deepEqual(new Choices(storeOf(text)).panels(header).map((panel) => panel.key), ["a"]);
  const shut = { getItem: () => null, setItem: () => assert.fail("full") };
  new Choices(shut).show("a", true);
});

test("layers are those of the run that stands alone, unless another choice was made", () => {
  const choices = new Choices(null);
  const runs = (...shown) => ["x", "y"].map((label, i) => ({ label, visible: shown[i] }));
  assert.equal(choices.layerRun(runs(true, true)), -1);
  assert.equal(choices.layerRun(runs(false, true)), 1);
  choices.layersOf = "x";
  assert.equal(choices.layerRun(runs(true, true)), 0);
  assert.equal(choices.layerRun(runs(false, true)), 1, "a hidden run has no layers to show");
  choices.layersOf = "";
  assert.equal(choices.layerRun(runs(true, false)), -1);
});
