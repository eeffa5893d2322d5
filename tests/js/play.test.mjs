// The clock, the keyboard, zooming and the start's way to Python.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Clock } from "../../optviz/player/js/data/clock.js";
import { shiftInto, zoomRange } from "../../optviz/player/js/input/gestures.js";
import { keepsKey, keyAction } from "../../optviz/player/js/input/keys.js";
import { PATIENCE, StartLink } from "../../optviz/player/js/input/startlink.js";

function clockOf(numSteps, step = 0) {
  const clock = new Clock();
  clock.resize(numSteps, false);
  clock.seek(step);
  return clock;
}

test("sixty steps a second, times the speed, and it stops at the end", () => {
  const clock = clockOf(100);
  clock.play();
  clock.advance(0.05);
  assert.equal(clock.step, 3);
  clock.speed = 8;
  for (let i = 0; i < 20; i++) clock.advance(0.05);
  assert.equal(clock.step, 100);
  assert.equal(clock.playing, false);
  clock.play();
  assert.equal(clock.step, 0, "play at the end starts again");
});

test("a sleeping tab does not jump, and a loop pauses at the end", () => {
  const clock = clockOf(10, 8);
  clock.loop = true;
  clock.play();
  clock.advance(60);
  assert.equal(clock.step, 10);
  assert.equal(clock.playing, true);
  clock.advance(0.5);
  assert.equal(clock.step, 10);
  clock.advance(0.5);
  assert.equal(clock.step, 0);
});

test("new data keep the playhead; live data are followed only from the end", () => {
  const clock = clockOf(100, 40);
  clock.playing = true;
  clock.resize(300, false);
  assert.deepEqual([clock.step, clock.playing], [40, true]);
  clock.resize(30, false);
  assert.deepEqual([clock.step, clock.playing], [30, false]);
  clock.resize(50, true);
  assert.equal(clock.step, 50);
  clock.seek(20);
  clock.resize(60, true);
  assert.equal(clock.step, 20);
});

test("keys", () => {
  assert.deepEqual(keyAction({ key: " " }), { act: "toggle" });
  assert.deepEqual(keyAction({ key: "ArrowLeft", shiftKey: true }), { act: "nudge", by: -10 });
  assert.equal(keyAction({ key: "f", ctrlKey: true }), null);
  const element = (tagName, name = "") => ({ tagName, classList: { contains: (c) => c === name } });
  assert.equal(keepsKey(element("INPUT"), "Home"), true);
  assert.equal(keepsKey(element("INPUT", "ov-scrub"), "Home"), false);
  assert.equal(keepsKey(element("BUTTON"), " "), true);
  assert.equal(keepsKey(element("BUTTON"), "ArrowRight"), false);
  assert.equal(keepsKey(element("DIV"), " "), false);
});

test("zooming stays inside and ends in the full range", () => {
  assert.deepEqual(zoomRange(0, 100, 0, 0.5, [0, 100], 5), [0, 50]);
  assert.deepEqual(zoomRange(0, 100, 100, 0.5, [0, 100], 5), [50, 100]);
  assert.equal(zoomRange(0, 50, 10, 3, [0, 100], 5), null);
  assert.deepEqual(zoomRange(10, 20, 15, 0.01, [0, 100], 5), [12.5, 17.5]);
  assert.deepEqual(shiftInto(-20, 50, [0, 100]), [0, 50]);
});

function linkWithTime() {
  const world = { now: 0, timers: [], sent: [] };
  const time = {
    now: () => world.now,
    later: (act, ms) => world.timers.push({ act, at: world.now + ms, id: world.timers.length }),
    cancel: (id) => (world.timers[id - 1] = null),
  };
  world.link = new StartLink((start) => world.sent.push(start.x), time);
  world.pass = (ms) => {
    world.now += ms;
    world.timers.forEach((timer, i) => {
      if (!timer || timer.at > world.now) return;
      world.timers[i] = null;
      timer.act();
    });
  };
  return world;
}

test("a dragged start goes out once per answer, or when patience ends", () => {
  const world = linkWithTime();
  world.link.offer(1, 0, true);
  world.link.offer(2, 0, true);
  world.link.offer(3, 0, true);
  assert.deepEqual(world.sent, [1]);
  world.pass(10);
  world.link.answered();
  assert.deepEqual(world.sent, [1, 3], "only the newest waits");
  world.link.offer(4, 0, true);
  world.pass(PATIENCE);
  assert.deepEqual(world.sent, [1, 3, 4]);
  world.link.offer(5, 0, false);
  assert.deepEqual(world.sent, [1, 3, 4, 5], "the last one never waits");
  world.pass(1000);
  assert.equal(world.sent.length, 4);
});
