// What happened, written on the map where it happened.

import { drawGlyph, TONE } from "../canvas/glyphs.js";
import { drawMarker } from "../canvas/marks.js";
import { clamp } from "../data/scales.js";

/** @import { Context, Rect } from "../canvas/layers.js" */
/** @import { Theme } from "../canvas/palette.js" */
/** @import { Outcome } from "../data/message.js" */
/** @import { DrawnRun } from "../data/runs.js" */

/** @typedef {{run: number, kind: Outcome, x: number, y: number}} Event an outcome, in pixels */
/** @typedef {{kind: Outcome, x: number, y: number, members: Event[]}} Group */
/**
 * What stands on the map: its text, as many markers, its size, its top left corner.
 * @typedef {Group & {text: string, dots: number, w: number, h: number, box: Corner}} Label
 */
/** @typedef {{x: number, y: number}} Corner */

const SIDES = [[1, 0], [-1, 0], [0, -1], [0, 1], [1, -1], [-1, -1], [1, 1], [-1, 1]];
const NEAR = 30; // pixels within which outcomes of one kind share a label

/** Groups outcomes that lie together. @param {Event[]} events */
export function groupEvents(events) {
  /** @type {Group[]} */
  const groups = [];
  for (const event of events) {
    const home = groups.find(
      (g) => g.kind === event.kind && Math.hypot(g.x - event.x, g.y - event.y) < NEAR,
    );
    if (home) home.members.push(event);
    else groups.push({ kind: event.kind, x: event.x, y: event.y, members: [event] });
  }
  return groups;
}

/**
 * Places boxes beside their points so that they stay inside and off each other.
 * @param {Rect[]} boxes points with the size of their label
 * @param {Rect} rect
 * @returns {Corner[]} of the labels, top left
 */
export function placeBoxes(boxes, rect) {
  /** @type {Rect[]} */
  const placed = [];
  return boxes.map((box) => {
    let best = { x: 0, y: 0, w: box.w, h: box.h, cost: Infinity };
    for (const gap of [14, 30, 52, 80])
      for (const [sx, sy] of SIDES) {
        const left = box.x + sx * gap + ((sx - 1) / 2) * box.w;
        const top = box.y + sy * gap + ((sy - 1) / 2) * box.h;
        const x = clamp(left, rect.x + 4, rect.x + rect.w - box.w - 4);
        const y = clamp(top, rect.y + 4, rect.y + rect.h - box.h - 4);
        let cost = gap * 0.4;
        for (const other of placed) cost += overlap(x, y, box, other) * 4;
        for (const other of boxes)
          cost += overlap(x, y, box, { x: other.x - 9, y: other.y - 9, w: 18, h: 18 });
        if (cost < best.cost) best = { x, y, w: box.w, h: box.h, cost };
      }
    placed.push(best);
    return { x: best.x, y: best.y };
  });
}

/** @type {(x: number, y: number, size: {w: number, h: number}, other: Rect) => number} */
function overlap(x, y, { w, h }, other) {
  const wide = Math.min(x + w, other.x + other.w) - Math.max(x, other.x);
  const high = Math.min(y + h, other.y + other.h) - Math.max(y, other.y);
  return wide > -3 && high > -3 ? (wide + 3) * (high + 3) : 0;
}

/** @type {(group: Group, runs: DrawnRun[]) => string} */
function labelText(group, runs) {
  const [first] = group.members;
  const { label, word, told } = runs[first.run];
  return group.members.length > 1 ? `${group.members.length} ${word}` : `${label} ${told}`;
}

/**
 * The labels of the outcomes reached so far, laid out once for as long as they stay the same.
 * @param {Context} ctx
 * @param {Event[]} events
 * @param {DrawnRun[]} runs
 * @param {Rect} rect
 * @param {Theme} theme
 * @param {number} scale
 * @returns {Label[]}
 */
export function layOutLabels(ctx, events, runs, rect, theme, scale) {
  const size = 12 * scale;
  ctx.font = `600 ${size}px ${theme.font}`;
  const sized = groupEvents(events).map((group) => {
    const text = labelText(group, runs);
    const dots = group.members.length > 1 ? Math.min(group.members.length, 12) : 0;
    const room = 29 + (dots ? dots * 11 + 5 : 0);
    return { ...group, text, dots, w: ctx.measureText(text).width + room * scale, h: 22 * scale };
  });
  const corners = placeBoxes(sized, rect);
  return sized.map((label, i) => ({ ...label, box: corners[i] }));
}

/**
 * @param {Context} ctx
 * @param {Label[]} labels
 * @param {DrawnRun[]} runs
 * @param {Theme} theme
 * @param {number} scale
 */
export function drawLabels(ctx, labels, runs, theme, scale) {
  const size = 12 * scale;
  for (const label of labels) {
    const { box, w, h } = label;
    const tone = TONE[label.kind][theme.dark ? 1 : 0];
    const middle = box.y + h / 2;
    ctx.strokeStyle = theme.dark ? "rgba(232,240,255,.65)" : "rgba(20,30,45,.6)";
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.moveTo(label.x, label.y);
    ctx.lineTo(clamp(label.x, box.x, box.x + w), clamp(label.y, box.y, box.y + h));
    ctx.stroke();
    ctx.beginPath();
    ctx.roundRect(box.x, box.y, w, h, h / 2);
    ctx.fillStyle = theme.dark ? "rgba(14,17,23,.92)" : "rgba(255,255,255,.94)";
    ctx.fill();
    ctx.strokeStyle = tone;
    ctx.stroke();
    ctx.lineWidth = 1.9 * scale;
    drawGlyph(ctx, label.kind, box.x + 13 * scale, middle, 4.6 * scale);
    let x = box.x + 28 * scale;
    for (const member of label.members.slice(0, label.dots)) {
      const run = runs[member.run];
      drawMarker(ctx, run.marker, x, middle, 3.6 * scale, run.ink, theme.halo, 0);
      x += 11 * scale;
    }
    ctx.fillStyle = theme.text;
    ctx.font = `600 ${size}px ${theme.font}`;
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    ctx.fillText(label.text, label.dots ? x - 1 : x - 6 * scale, middle + 0.5);
  }
}
