// The start's ring under an element of its own, so that a finger on it never scrolls the page.

import { clamp } from "../data/scales.js";

/** @import { PanelActions } from "../canvas/frame.js" */
/** @import { Pair } from "../data/message.js" */
/** @import { MapPanel } from "./panel.js" */

const STAYS = 1500; // ms that a dropped ring waits for a race which begins there

export class StartHandle {
  /**
   * @param {MapPanel} map
   * @param {PanelActions} actions
   */
  constructor(map, actions) {
    this.map = map;
    this.actions = actions;
    /** @type {Pair | null} where a moved start is, until data for that place have come */
    this.ghost = null;
    this.dragging = false;
    this.droppedAt = 0;
    this.element = document.createElement("div");
    this.element.className = "ov-handle";
    this.element.title = "Drag to move the start";
    map.host.append(this.element);
    this.listen();
  }

  /** Whether it can be moved: somebody must be there to answer with a new race. */
  movable() {
    return this.map.data.draggable && this.actions.answers();
  }

  /**
   * Moves the start, in the surface's coordinates.
   * @type {(x: number, y: number, dragging: boolean) => void}
   */
  put(x, y, dragging) {
    this.ghost = [x, y];
    this.dragging = dragging;
    this.droppedAt = performance.now();
    this.place();
    this.map.redraw();
    this.actions.offerStart(x, y, dragging);
    this.actions.wake();
  }

  /** Puts the element where the start is. */
  place() {
    const { xs, ys, data } = this.map;
    const start = this.ghost ?? data.starts.at(0);
    this.element.hidden = !start || !this.movable();
    if (!start || this.element.hidden) return;
    const [x, y] = [xs.px(start[0]), ys.px(start[1])];
    this.element.style.transform = `translate(${x}px, ${y}px)`;
    this.element.style.visibility = this.map.contains(x, y) ? "visible" : "hidden";
  }

  /** New data came: the ring stays where it was dropped until they are those of that place. */
  settle() {
    const { window: view, data } = this.map;
    const start = data.starts.at(0);
    if (!this.ghost || this.dragging) return;
    const near =
      start &&
      Math.abs(start[0] - this.ghost[0]) < (view.x1 - view.x0) * 0.01 &&
      Math.abs(start[1] - this.ghost[1]) < (view.y1 - view.y0) * 0.01;
    if (near || performance.now() - this.droppedAt > STAYS) this.ghost = null;
  }

  /** @type {(event: PointerEvent, dragging: boolean) => void} */
  follow(event, dragging) {
    const { host, xs, ys } = this.map;
    const box = host.getBoundingClientRect();
    const rect = this.map.rect();
    const x = clamp(event.clientX - box.left, rect.x, rect.x + rect.w);
    const y = clamp(event.clientY - box.top, rect.y, rect.y + rect.h);
    this.put(xs.value(x), ys.value(y), dragging);
  }

  listen() {
    const { element } = this;
    let holding = false;
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.stopPropagation();
      element.setPointerCapture(event.pointerId);
      holding = true;
      this.actions.leave();
    });
    element.addEventListener("pointermove", (event) => {
      if (!holding) return;
      event.stopPropagation();
      this.follow(event, true);
    });
    /** @param {PointerEvent} event */
    const end = (event) => {
      if (!holding) return;
      event.stopPropagation();
      holding = false;
      if (this.ghost && this.dragging) this.follow(event, false);
    };
    element.addEventListener("pointerup", end);
    element.addEventListener("pointercancel", end);
  }
}
