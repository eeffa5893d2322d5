// Pointers on a panel: hover, pan, zoom, pinch, click.

/** @import { Pair } from "../data/message.js" */

/** @typedef {"pan" | "scrub"} Drag */
/**
 * What a panel does on each gesture; x and y are pixels in its element.
 * @typedef {object} Gestures
 * @property {(x: number, y: number, at: MouseEvent) => void} hover
 * @property {() => void} leave
 * @property {() => Drag} press what a drag will be
 * @property {(kind: Drag, x: number, y: number, dx: number, dy: number) => void} move
 * @property {(x: number, y: number, factor: number, free?: boolean) => boolean} zoom whether it did
 * @property {(x: number, y: number) => void} click
 * @property {() => boolean} wantsDouble whether a double click has a meaning now
 * @property {() => void} reset
 */

/** @type {Record<string, number>} */
const CLICK_SLACK = { mouse: 4, pen: 6, touch: 10 }; // pixels
const DOUBLE_WAIT = 280; // ms that a click waits for a second one, where that would mean something

const SCROLL_REST = 350; // ms after the page's last scroll in which a wheel belongs to the page
let scrolledAt = -Infinity;
if (typeof document !== "undefined")
  document.addEventListener("scroll", () => (scrolledAt = performance.now()), true);

/**
 * Turns pointer events into gestures.
 * @param {HTMLElement} element
 * @param {Gestures} on
 */
export function listenGestures(element, on) {
  /** @type {Map<number, Pair>} */
  const pointers = new Map();
  /** @type {Drag} */
  let kind = "pan";
  /** @type {Pair} */
  let origin = [0, 0];
  let moved = false;
  /** @type {ReturnType<typeof spreadOf> | null} */
  let spread = null;
  let clickTimer = 0;

  /** @type {(event: MouseEvent) => Pair} */
  const at = (event) => {
    const box = element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const [x, y] = at(event);
    pointers.set(event.pointerId, [x, y]);
    element.setPointerCapture?.(event.pointerId);
    if (pointers.size === 2) {
      spread = spreadOf(pointers);
      moved = true;
      return;
    }
    origin = [x, y];
    moved = false;
    kind = on.press();
  });

  element.addEventListener("pointermove", (event) => {
    const [x, y] = at(event);
    const last = pointers.get(event.pointerId);
    if (!last) {
      if (event.pointerType === "mouse") on.hover(x, y, event);
      return;
    }
    pointers.set(event.pointerId, [x, y]);
    if (pointers.size === 2 && spread) {
      const now = spreadOf(pointers);
      on.move("pan", now.x, now.y, now.x - spread.x, now.y - spread.y);
      on.zoom(now.x, now.y, spread.size / Math.max(now.size, 1), true);
      spread = now;
      return;
    }
    const slack = CLICK_SLACK[event.pointerType] || 4;
    if (!moved && Math.hypot(x - origin[0], y - origin[1]) < slack) return;
    const [fromX, fromY] = moved ? last : origin;
    moved = true;
    on.move(kind, x, y, x - fromX, y - fromY);
  });

  /** @param {PointerEvent} event */
  const end = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    if (pointers.size) {
      spread = null;
      kind = "pan";
      return;
    }
    if (event.type === "pointerup" && !moved) {
      const [x, y] = at(event);
      clearTimeout(clickTimer);
      const second = clickTimer !== 0 && on.wantsDouble();
      clickTimer = 0;
      if (second) on.reset();
      else if (on.wantsDouble())
        clickTimer = window.setTimeout(() => {
          clickTimer = 0;
          on.click(x, y);
        }, DOUBLE_WAIT);
      else on.click(x, y);
    }
    spread = null;
    if (event.pointerType !== "mouse") on.leave();
  };
  element.addEventListener("pointerup", end);
  element.addEventListener("pointercancel", end);
  element.addEventListener("pointerleave", () => {
    if (!pointers.size) on.leave();
  });
  element.addEventListener(
    "wheel",
    (event) => {
      const [x, y] = at(event);
      const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
      // a page that scrolls under the pointer scrolls on, and so it does where zooming out has
      // come to its end
      const factor = Math.exp(Math.max(-80, Math.min(80, pixels)) * 0.0025);
      if (!event.ctrlKey && performance.now() - scrolledAt < SCROLL_REST) return;
      if (on.zoom(x, y, factor, event.ctrlKey)) event.preventDefault();
    },
    { passive: false },
  );
}

/** @param {Map<number, Pair>} pointers */
function spreadOf(pointers) {
  const [[ax, ay], [bx, by]] = [...pointers.values()];
  return { x: (ax + bx) / 2, y: (ay + by) / 2, size: Math.hypot(ax - bx, ay - by) };
}

/**
 * A range zoomed about `centre` and kept within limits; null where it is the full range again.
 * @param {number} lo
 * @param {number} hi
 * @param {number} centre
 * @param {number} factor
 * @param {Pair} full
 * @param {number} narrowest
 */
export function zoomRange(lo, hi, centre, factor, full, narrowest) {
  const span = Math.min(Math.max((hi - lo) * factor, narrowest), full[1] - full[0]);
  if (span >= (full[1] - full[0]) * 0.9999) return null;
  const share = (centre - lo) / (hi - lo);
  return shiftInto(centre - share * span, span, full);
}

/** @type {(start: number, span: number, full: Pair) => Pair} */
export function shiftInto(start, span, full) {
  const first = Math.max(full[0], Math.min(full[1] - span, start));
  return [first, first + span];
}
