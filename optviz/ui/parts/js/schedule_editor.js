// Points of a piecewise schedule that can be dragged, and moved with the arrow keys.

/** @typedef {[number, number]} Point a share of the run, and the factor there */
/** @typedef {(value: {points: Point[]}) => void} Send */

const NS = "http://www.w3.org/2000/svg";
const MARGIN = { left: 34, right: 20, top: 10, bottom: 24 };
const HEIGHT = 190;
const RADIUS = 7; // of a point
const EVERY = 60; // milliseconds between two messages while a point is dragged
const NEAR = 0.002; // of the run: how close two points may come
const MAX_POINTS = 64;

/** The points in order of time, and how high the picture of them reaches. */
export class Points {
  /** @param {Point[]} list */
  constructor(list) {
    this.list = list.map(([time, factor]) => /** @type {Point} */ ([time, factor]));
    this.top = 1;
    this.fit();
  }

  fit() {
    this.top = Math.max(1.1, 1.15 * Math.max(...this.list.map(([, factor]) => factor)));
  }

  /**
   * Moves a point, as far as its neighbours and the picture let it.
   * @type {(index: number, time: number, factor: number) => void}
   */
  move(index, time, factor) {
    const before = index ? this.list[index - 1][0] + NEAR : 0;
    const after = index < this.list.length - 1 ? this.list[index + 1][0] - NEAR : 1;
    this.list[index] = [
      round(Math.min(Math.max(time, before), after)),
      round(Math.min(Math.max(factor, 0), this.top)),
    ];
  }

  /**
   * Adds a point, and says whether there was room for it.
   * @type {(time: number, factor: number) => boolean}
   */
  add(time, factor) {
    if (time < 0 || time > 1 || this.list.length >= MAX_POINTS) return false;
    if (this.list.some(([other]) => Math.abs(other - time) < NEAR)) return false;
    this.list.push([round(time), round(Math.max(factor, 0))]);
    this.list.sort((a, b) => a[0] - b[0]);
    return true;
  }

  /** Removes a point, and says whether it could: the last one stays. @param {number} index */
  remove(index) {
    if (this.list.length < 2) return false;
    this.list.splice(index, 1);
    this.fit();
    return true;
  }

  /**
   * Moves a point as an arrow key does, a tenth with shift; false where the key is none.
   * @type {(index: number, key: string, shift: boolean) => boolean}
   */
  nudge(index, key, shift) {
    const step = shift ? 0.1 : 0.01;
    const [time, factor] = this.list[index];
    if (key === "ArrowLeft") this.move(index, time - step, factor);
    else if (key === "ArrowRight") this.move(index, time + step, factor);
    else if (key === "ArrowDown") this.move(index, time, factor - step);
    else if (key === "ArrowUp") {
      this.top = Math.max(this.top, factor + step);
      this.move(index, time, factor + step);
    } else return false;
    return true;
  }
}

/**
 * Which of some places, in pixels, a click hits; −1: none.
 * @type {(places: Point[], x: number, y: number) => number}
 */
export function hitBy(places, x, y) {
  return places.findIndex(([px, py]) => Math.hypot(px - x, py - y) <= RADIUS);
}

class Editor {
  /** @param {Element} host */
  constructor(host) {
    this.points = new Points([]);
    this.dragged = -1;
    this.moved = false; // since the pointer went down
    this.sent = 0;
    this.width = 0;
    /** @type {Send | null} */
    this.send = null;
    this.svg = draw("svg", { height: HEIGHT, role: "group" });
    this.svg.setAttribute("aria-label", "Points of the schedule");
    host.replaceChildren(this.svg);
    this.svg.addEventListener("dblclick", (event) => this.toggle(event));
    this.svg.addEventListener("pointermove", (event) => this.drag(event));
    for (const end of /** @type {const} */ (["pointerup", "pointercancel"]))
      this.svg.addEventListener(end, () => this.drop());
    this.resizer = new ResizeObserver(() => this.render());
    this.resizer.observe(host);
  }

  /**
   * New points from outside; those under the user's hand stay as they are.
   * @type {(points: Point[], send: Send) => void}
   */
  set(points, send) {
    this.send = send;
    if (this.dragged >= 0 || JSON.stringify(points) === JSON.stringify(this.points.list)) return;
    this.points = new Points(points);
    this.render();
  }

  /** @type {(point: Point) => Point} */
  px([time, factor]) {
    const width = this.width - MARGIN.left - MARGIN.right;
    const height = HEIGHT - MARGIN.top - MARGIN.bottom;
    return [MARGIN.left + time * width, MARGIN.top + (1 - factor / this.points.top) * height];
  }

  /** @type {(event: MouseEvent) => Point} */
  at(event) {
    const box = this.svg.getBoundingClientRect();
    const width = this.width - MARGIN.left - MARGIN.right;
    const height = HEIGHT - MARGIN.top - MARGIN.bottom;
    const time = (event.clientX - box.left - MARGIN.left) / width;
    const factor = (1 - (event.clientY - box.top - MARGIN.top) / height) * this.points.top;
    return [time, factor];
  }

  /** @param {PointerEvent} event */
  drag(event) {
    if (this.dragged < 0) return;
    this.moved = true;
    this.points.move(this.dragged, ...this.at(event));
    this.render();
    if (performance.now() - this.sent > EVERY) this.tell();
  }

  drop() {
    if (this.dragged < 0) return;
    this.dragged = -1;
    // a second click counts as one only where the picture has stayed as it is
    if (!this.moved) return;
    this.points.fit();
    this.changed();
  }

  changed() {
    this.render();
    this.tell();
  }

  tell() {
    this.sent = performance.now();
    this.send?.({ points: this.points.list });
  }

  /**
   * Adds a point where there is none, and removes the one that is hit.
   * @param {MouseEvent} event
   */
  toggle(event) {
    const { points } = this;
    const box = this.svg.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    // the event's target is the picture, which has captured the pointer
    const hit = hitBy(points.list.map((point) => this.px(point)), x, y);
    if (hit < 0 ? points.add(...this.at(event)) : points.remove(hit)) this.changed();
  }

  /** @type {(event: KeyboardEvent, index: number) => void} */
  key(event, index) {
    const { points } = this;
    const removes = event.key === "Delete" || event.key === "Backspace";
    if (removes) {
      if (points.remove(index)) this.changed();
    } else if (points.nudge(index, event.key, event.shiftKey)) this.changed();
    else return;
    event.preventDefault();
    event.stopPropagation();
    this.focus(Math.min(index, points.list.length - 1));
  }

  /** @param {number | string} index */
  focus(index) {
    /** @type {SVGElement | null} */
    const handle = this.svg.querySelector(`[data-index="${index}"]`);
    handle?.focus();
  }

  render() {
    const { list } = this.points;
    this.width = this.svg.parentElement?.clientWidth || 0;
    if (!this.width || !list.length) return;
    /** @type {SVGElement | null} */
    const focused = this.svg.querySelector("[data-index]:focus");
    this.svg.setAttribute("width", String(this.width));
    const path = [[0, list[0][1]], ...list, [1, list[list.length - 1][1]]];
    const line = path.map(([time, factor]) => this.px([time, factor]).join(",")).join(" ");
    this.svg.replaceChildren(
      ...this.grid(),
      draw("polyline", { points: line, class: "ov-line" }),
      ...list.map((point, index) => this.handle(point, index)),
    );
    if (focused?.dataset.index) this.focus(focused.dataset.index);
  }

  grid() {
    const { top } = this.points;
    /** @type {SVGElement[]} */
    const parts = [];
    for (const time of [0, 0.25, 0.5, 0.75, 1]) {
      const [x, bottom] = this.px([time, 0]);
      parts.push(draw("line", { x1: x, x2: x, y1: MARGIN.top, y2: bottom }));
      parts.push(draw("text", { x, y: bottom + 16, "text-anchor": "middle" }, `${time * 100} %`));
    }
    const step = [0.25, 0.5, 1, 2, 5, 10, 20, 50, 100].find((s) => top / s <= 5) || top / 4;
    for (let factor = 0; factor <= top + 1e-9; factor += step) {
      const [x, y] = this.px([0, factor]);
      parts.push(draw("line", { x1: x, x2: this.px([1, 0])[0], y1: y, y2: y }));
      parts.push(draw("text", { x: x - 6, y: y + 4, "text-anchor": "end" }, `${round(factor)}`));
    }
    return parts;
  }

  /** @type {(point: Point, index: number) => SVGElement} */
  handle(point, index) {
    const [x, y] = this.px(point);
    const says = `after ${round(point[0] * 100)} % of the run times ${round(point[1])}`;
    const handle = draw("circle", {
      cx: x,
      cy: y,
      r: RADIUS,
      tabindex: 0,
      role: "slider",
      "data-index": index,
      "aria-label": `Point ${index + 1} of ${this.points.list.length}`,
      "aria-valuenow": round(point[1]),
      "aria-valuetext": says,
    });
    handle.append(draw("title", {}, says));
    handle.addEventListener("keydown", (event) => this.key(event, index));
    handle.addEventListener("pointerdown", (event) => {
      this.dragged = index;
      this.moved = false;
      this.svg.setPointerCapture(event.pointerId);
      handle.focus();
      event.preventDefault();
    });
    return handle;
  }
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 1000) / 1000;
}

/**
 * @template {keyof SVGElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, string | number>} attributes
 * @param {string} [text]
 */
function draw(name, attributes, text) {
  const element = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

/** @typedef {HTMLElement & {editor?: Editor}} Host */
/**
 * Called by Streamlit on mount and on every rerun.
 * @param {object} mounted
 * @param {{points: Point[]}} mounted.data
 * @param {ParentNode} mounted.parentElement
 * @param {(name: string, value: unknown) => void} mounted.setTriggerValue
 */
export default function mount({ data, parentElement, setTriggerValue }) {
  const host = /** @type {Host} */ (parentElement.querySelector(".ov-schedule-editor"));
  host.editor ??= new Editor(host);
  host.editor.set(data.points, (value) => setTriggerValue("points", value));
  return () => {
    host.editor?.resizer.disconnect();
    delete host.editor;
  };
}
