// Points of a piecewise schedule that can be dragged, and moved with the arrow keys.

const NS = "http://www.w3.org/2000/svg";
const MARGIN = { left: 34, right: 20, top: 10, bottom: 24 };
const HEIGHT = 190;
const EVERY = 60; // milliseconds between two messages while a point is dragged
const NEAR = 0.002; // of the run: how close two points may come
const MAX_POINTS = 64;

class Editor {
  constructor(host) {
    this.points = [];
    this.dragged = -1;
    this.sent = 0;
    this.svg = draw("svg", { height: HEIGHT, role: "group" });
    this.svg.setAttribute("aria-label", "Points of the schedule");
    host.replaceChildren(this.svg);
    this.svg.addEventListener("dblclick", (event) => this.toggle(event));
    this.svg.addEventListener("pointermove", (event) => this.drag(event));
    for (const end of ["pointerup", "pointercancel"])
      this.svg.addEventListener(end, () => this.drop());
    this.resizer = new ResizeObserver(() => this.render());
    this.resizer.observe(host);
  }

  /** New points from outside; those under the user's hand stay as they are. */
  set(points, send) {
    this.send = send;
    if (this.dragged >= 0 || JSON.stringify(points) === JSON.stringify(this.points)) return;
    this.points = points.map((point) => [...point]);
    this.fit();
    this.render();
  }

  fit() {
    this.top = Math.max(1.1, 1.15 * Math.max(...this.points.map(([, factor]) => factor)));
  }

  px([time, factor]) {
    const width = this.width - MARGIN.left - MARGIN.right;
    const height = HEIGHT - MARGIN.top - MARGIN.bottom;
    return [MARGIN.left + time * width, MARGIN.top + (1 - factor / this.top) * height];
  }

  at(event) {
    const box = this.svg.getBoundingClientRect();
    const width = this.width - MARGIN.left - MARGIN.right;
    const height = HEIGHT - MARGIN.top - MARGIN.bottom;
    const time = (event.clientX - box.left - MARGIN.left) / width;
    const factor = (1 - (event.clientY - box.top - MARGIN.top) / height) * this.top;
    return [time, factor];
  }

  move(index, time, factor) {
    const before = index ? this.points[index - 1][0] + NEAR : 0;
    const after = index < this.points.length - 1 ? this.points[index + 1][0] - NEAR : 1;
    this.points[index] = [
      round(Math.min(Math.max(time, before), after)),
      round(Math.min(Math.max(factor, 0), this.top)),
    ];
    this.render();
  }

  drag(event) {
    if (this.dragged < 0) return;
    this.move(this.dragged, ...this.at(event));
    if (performance.now() - this.sent > EVERY) this.tell();
  }

  drop() {
    if (this.dragged < 0) return;
    this.dragged = -1;
    this.fit();
    this.render();
    this.tell();
  }

  tell() {
    this.sent = performance.now();
    this.send?.({ points: this.points });
  }

  /** Adds a point where there is none, and removes the one that is hit. */
  toggle(event) {
    const hit = event.target.dataset?.index;
    if (hit !== undefined) return this.remove(Number(hit));
    const [time, factor] = this.at(event);
    if (time < 0 || time > 1 || this.points.length >= MAX_POINTS) return;
    if (this.points.some(([other]) => Math.abs(other - time) < NEAR)) return;
    this.points.push([round(time), round(Math.max(factor, 0))]);
    this.points.sort((a, b) => a[0] - b[0]);
    this.render();
    this.tell();
  }

  remove(index) {
    if (this.points.length < 2) return;
    this.points.splice(index, 1);
    this.fit();
    this.render();
    this.tell();
  }

  key(event, index) {
    const step = event.shiftKey ? 0.1 : 0.01;
    const [time, factor] = this.points[index];
    const moves = {
      ArrowLeft: [time - step, factor],
      ArrowRight: [time + step, factor],
      ArrowUp: [time, factor + step],
      ArrowDown: [time, factor - step],
    };
    if (event.key === "Delete" || event.key === "Backspace") this.remove(index);
    else if (event.key in moves) {
      if (event.key === "ArrowUp") this.top = Math.max(this.top, moves.ArrowUp[1]);
      this.move(index, ...moves[event.key]);
      this.tell();
    } else return;
    event.preventDefault();
    event.stopPropagation();
    this.svg.querySelector(`[data-index="${Math.min(index, this.points.length - 1)}"]`)?.focus();
  }

  render() {
    this.width = this.svg.parentElement?.clientWidth || 0;
    if (!this.width || !this.points.length) return;
    const focused = this.svg.getRootNode().activeElement?.dataset?.index;
    this.svg.setAttribute("width", this.width);
    const path = [[0, this.points[0][1]], ...this.points, [1, this.points.at(-1)[1]]];
    const line = path.map((point) => this.px(point).join(",")).join(" ");
    this.svg.replaceChildren(
      ...this.grid(),
      draw("polyline", { points: line, class: "ov-line" }),
      ...this.points.map((point, index) => this.handle(point, index)),
    );
    if (focused !== undefined) this.svg.querySelector(`[data-index="${focused}"]`)?.focus();
  }

  grid() {
    const parts = [];
    for (const time of [0, 0.25, 0.5, 0.75, 1]) {
      const [x, bottom] = this.px([time, 0]);
      parts.push(draw("line", { x1: x, x2: x, y1: MARGIN.top, y2: bottom }));
      parts.push(draw("text", { x, y: bottom + 16, "text-anchor": "middle" }, `${time * 100} %`));
    }
    const step = [0.25, 0.5, 1, 2, 5, 10, 20, 50, 100].find((s) => this.top / s <= 5) || this.top / 4;
    for (let factor = 0; factor <= this.top + 1e-9; factor += step) {
      const [x, y] = this.px([0, factor]);
      parts.push(draw("line", { x1: x, x2: this.px([1, 0])[0], y1: y, y2: y }));
      parts.push(draw("text", { x: x - 6, y: y + 4, "text-anchor": "end" }, `${round(factor)}`));
    }
    return parts;
  }

  handle(point, index) {
    const [x, y] = this.px(point);
    const says = `after ${round(point[0] * 100)} % of the run times ${round(point[1])}`;
    const handle = draw("circle", {
      cx: x,
      cy: y,
      r: 7,
      tabindex: 0,
      role: "slider",
      "data-index": index,
      "aria-label": `Point ${index + 1} of ${this.points.length}`,
      "aria-valuenow": round(point[1]),
      "aria-valuetext": says,
    });
    handle.append(draw("title", {}, says));
    handle.addEventListener("keydown", (event) => this.key(event, index));
    handle.addEventListener("pointerdown", (event) => {
      this.dragged = index;
      this.svg.setPointerCapture(event.pointerId);
      handle.focus();
      event.preventDefault();
    });
    return handle;
  }
}

function round(value) {
  return Math.round(value * 1000) / 1000;
}

function draw(name, attributes, text) {
  const element = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Called by Streamlit on mount and on every rerun. */
export default function mount({ data, parentElement, setTriggerValue }) {
  const host = parentElement.querySelector(".ov-schedule-editor");
  host.editor ??= new Editor(host);
  host.editor.set(data.points, (value) => setTriggerValue("points", value));
  return () => {
    host.editor?.resizer.disconnect();
    delete host.editor;
  };
}
