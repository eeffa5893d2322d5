// The points of a schedule that can be dragged.
import assert from "node:assert/strict";
import { test } from "node:test";

import { hitBy, Points } from "../../optviz/ui/parts/js/schedule_editor.js";

const three = () => new Points([[0, 1], [0.5, 0.5], [1, 0]]);

test("a point stays between its neighbours and inside the picture", () => {
  const points = three();
  points.move(1, 2, 9);
  assert.deepEqual(points.list[1], [0.998, points.top]);
  points.move(1, -1, -1);
  assert.deepEqual(points.list[1], [0.002, 0]);
  points.move(0, 0.9, 0.3);
  assert.deepEqual(points.list, [[0, 0.3], [0.002, 0], [1, 0]]);
  points.move(2, 9, 0.12345);
  assert.deepEqual(points.list[2], [1, 0.123]);
});

test("the picture reaches a little higher than the highest point", () => {
  assert.equal(three().top, 1.15);
  assert.equal(new Points([[0, 0]]).top, 1.1);
  assert.equal(new Points([[0, 4]]).top, 4.6);
});

test("a point is added in its place, where none is near and the run has room", () => {
  const points = three();
  assert.ok(points.add(0.25, 0.7));
  assert.deepEqual(points.list.map(([time]) => time), [0, 0.25, 0.5, 1]);
  assert.ok(!points.add(0.251, 0.2));
  assert.ok(!points.add(-0.1, 0.2) && !points.add(1.1, 0.2));
  assert.ok(points.add(0.75, -3));
  assert.deepEqual(points.list[3], [0.75, 0]);
  const many = new Points(Array.from({ length: 64 }, (_, i) => [i / 64, 1]));
  assert.ok(!many.add(0.999, 1), "64 are enough");
});

test("the last point stays, and the picture follows those that are left", () => {
  const points = new Points([[0, 8], [1, 1]]);
  assert.ok(points.remove(0));
  assert.equal(points.top, 1.15);
  assert.ok(!points.remove(0));
  assert.deepEqual(points.list, [[1, 1]]);
});

test("arrow keys move a point by a hundredth, with shift by a tenth", () => {
  const points = three();
  assert.ok(points.nudge(1, "ArrowLeft", false) && points.nudge(1, "ArrowUp", true));
  assert.deepEqual(points.list[1], [0.49, 0.6]);
  assert.ok(points.nudge(1, "ArrowRight", true) && points.nudge(1, "ArrowDown", false));
  assert.deepEqual(points.list[1], [0.59, 0.59]);
  points.move(0, 0, 1.15);
  points.nudge(0, "ArrowUp", true);
  assert.deepEqual(points.list[0], [0, 1.25], "up makes room for itself");
  assert.ok(!points.nudge(1, "Enter", false));
  assert.deepEqual(points.list[1], [0.59, 0.59]);
});

test("the points that were handed over stay as they are", () => {
  const given = [[0, 1], [1, 0]];
  new Points(given).move(1, 0.5, 0.5);
  assert.deepEqual(given, [[0, 1], [1, 0]]);
});

test("a click hits a point that it lies on", () => {
  const places = [[10, 10], [50, 90]];
  assert.equal(hitBy(places, 53, 94), 1);
  assert.equal(hitBy(places, 30, 50), -1);
});
