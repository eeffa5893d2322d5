// What pointers do on each kind of panel.

import { clamp } from "./data/scales.js";
import { listenGestures, shiftInto, zoomRange } from "./input/gestures.js";
import { curveRows, mapRows } from "./shell/readout.js";

/** Connects a panel's drawing area with the player. */
export function bindPanel(player, panel) {
  if (panel.kind === "map") bindMap(player, panel);
  else bindCurves(player, panel);
}

function place(player, panel, x, y) {
  const a = panel.host.getBoundingClientRect();
  const b = player.root.getBoundingClientRect();
  return [a.left - b.left + x, a.top - b.top + y];
}

function within(rect, x, y) {
  return x >= rect.x && x <= rect.x + rect.w && y >= rect.y && y <= rect.y + rect.h;
}

function leave(player) {
  player.hover = { step: null, point: null };
  player.readout.hide();
  player.wake();
}

function bindCurves(player, panel) {
  const rect = () => panel.rect(player.scale || 1);
  const full = () => [0, player.axis.span || 1];
  const stepAt = (x) => player.axis.whole(clamp(panel.xs.value(x), 0, player.axis.span));
  listenGestures(panel.host, {
    hover(x, y) {
      if (!within(rect(), x, y)) return leave(player);
      const step = stepAt(x);
      const near = player.header.axes ? panel.nearest(x, y, player.frame()) : null;
      player.hover = { step, point: null, near };
      const rows = curveRows(panel, step, player.frame());
      const per = panel.panel.steps_per_epoch;
      const epoch = per ? `epoch ${(step / per).toFixed(1)}, ` : "";
      const head = `${epoch}${player.axis.words(step)}`;
      player.readout.show(head, rows, ...place(player, panel, x, y));
      player.wake();
    },
    leave: () => leave(player),
    press: () => (player.xview ? "pan" : "scrub"),
    move(kind, x, y, dx) {
      player.readout.hide();
      if (kind === "scrub") return player.seek(stepAt(x));
      if (!player.xview) return;
      const [from, to] = player.xview;
      const shift = (-dx / rect().w) * (to - from);
      player.setXView(shiftInto(from + shift, to - from, full()));
    },
    release() {},
    click: (x, y) => within(rect(), x, y) && player.seek(stepAt(x)),
    zoom(x, y, factor) {
      const [from, to] = player.xview || full();
      const closest = Math.min(5 * player.axis.perStep, full()[1]);
      const next = zoomRange(from, to, panel.xs.value(x), factor, full(), closest);
      if (next === null && !player.xview) return false;
      player.setXView(next);
      return true;
    },
    wantsDouble: () => Boolean(player.xview),
    reset: () => player.resetView(),
  });
}

/** Whether a start can be moved: somebody must be there to answer with a new race. */
function movable(player, panel) {
  return Boolean(panel.panel.draggable && player.events.onStart);
}

const WIDEST = 4; // windows shown at the farthest zoom
const CLOSEST = 1 / 400;

function bindMap(player, panel) {
  const rect = () => panel.rect(player.scale || 1);
  const onMap = (x, y) => [panel.xs.value(x), panel.ys.value(y)];
  let settle = 0;

  const touch = () => {
    // an unzoomed map lets one finger scroll the page; a zoomed one moves under it
    panel.host.style.touchAction = panel.view ? "none" : "pan-y";
  };
  const setView = (view) => {
    panel.setView(view);
    touch();
    player.moving = true;
    clearTimeout(settle);
    settle = setTimeout(() => {
      player.moving = false;
      panel.invalidate();
      player.wake();
    }, 140);
    player.wake();
  };
  touch();

  const handle = document.createElement("div");
  handle.className = "ov-handle";
  handle.title = "Drag to move the start";
  panel.host.append(handle);
  bindStart(player, panel, handle);

  listenGestures(panel.host, {
    hover(x, y) {
      if (!within(rect(), x, y)) return leave(player);
      const point = onMap(x, y);
      player.hover = { step: null, point };
      const head = movable(player, panel) ? "click to start here" : "surface";
      player.readout.show(head, mapRows(panel, ...point), ...place(player, panel, x, y));
      player.wake();
    },
    leave: () => leave(player),
    press: () => "pan",
    move(kind, x, y, dx, dy) {
      leave(player);
      const { x0, x1, y0, y1 } = panel.currentView();
      const { w, h } = rect();
      const [sx, sy] = [(-dx / w) * (x1 - x0), (dy / h) * (y1 - y0)];
      setView({ x0: x0 + sx, x1: x1 + sx, y0: y0 + sy, y1: y1 + sy });
    },
    release() {},
    click(x, y) {
      if (!movable(player, panel) || !within(rect(), x, y)) return;
      const [px, py] = onMap(x, y);
      panel.ghost = [px, py];
      panel.dragging = false;
      panel.droppedAt = performance.now();
      panel.drawn = null;
      player.start.offer(px, py, false);
      player.wake();
    },
    zoom(x, y, factor, free = false) {
      const { x0, x1, y0, y1 } = panel.currentView();
      const whole = panel.window.x1 - panel.window.x0;
      const now = (x1 - x0) / whole;
      // a plain wheel stops at the window; a pinch, or the wheel with Ctrl, goes on beyond it
      const next = clamp(now * factor, CLOSEST, free ? WIDEST : Math.max(1, now));
      if (!free && factor > 1 && next > 0.98) {
        if (!panel.view) return false;
        setView(null);
        return true;
      }
      const by = (next * whole) / (x1 - x0);
      if (Math.abs(by - 1) < 1e-6) return false;
      const [cx, cy] = onMap(x, y);
      const about = (value, centre) => centre + (value - centre) * by;
      setView({ x0: about(x0, cx), x1: about(x1, cx), y0: about(y0, cy), y1: about(y1, cy) });
      return true;
    },
    wantsDouble: () => Boolean(panel.view),
    reset() {
      player.resetView();
      touch();
    },
  });
}

/** The start's ring under an element of its own, so that a finger on it never scrolls the page. */
function bindStart(player, panel, handle) {
  let holding = false;
  const follow = (event, dragging) => {
    const box = panel.host.getBoundingClientRect();
    const rect = panel.rect(player.scale || 1);
    const x = clamp(event.clientX - box.left, rect.x, rect.x + rect.w);
    const y = clamp(event.clientY - box.top, rect.y, rect.y + rect.h);
    panel.ghost = [panel.xs.value(x), panel.ys.value(y)];
    panel.dragging = dragging;
    panel.droppedAt = performance.now();
    panel.placeHandle();
    panel.drawn = null;
    player.start.offer(...panel.ghost, dragging);
    player.wake();
  };
  panel.placeHandle = () => {
    const start = panel.ghost || panel.panel.starts?.[0];
    handle.hidden = !start || !movable(player, panel);
    if (handle.hidden) return;
    const rect = panel.rect(player.scale || 1);
    const [x, y] = [panel.xs.px(start[0]), panel.ys.px(start[1])];
    handle.style.transform = `translate(${x}px, ${y}px)`;
    handle.style.visibility = within(rect, x, y) ? "visible" : "hidden";
  };
  // the ring stays under the pointer's last place until data for that place have come
  panel.settleGhost = () => {
    const [ghost, start] = [panel.ghost, panel.panel.starts?.[0]];
    if (!ghost || panel.dragging) return;
    const { x0, x1, y0, y1 } = panel.window;
    const near =
      start &&
      Math.abs(start[0] - ghost[0]) < (x1 - x0) * 0.01 &&
      Math.abs(start[1] - ghost[1]) < (y1 - y0) * 0.01;
    if (near || performance.now() - panel.droppedAt > 1500) panel.ghost = null;
  };
  handle.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.stopPropagation();
    handle.setPointerCapture?.(event.pointerId);
    holding = true;
    leave(player);
  });
  handle.addEventListener("pointermove", (event) => {
    if (!holding) return;
    event.stopPropagation();
    follow(event, true);
  });
  const end = (event) => {
    if (!holding) return;
    event.stopPropagation();
    holding = false;
    if (panel.ghost && panel.dragging) follow(event, false);
  };
  handle.addEventListener("pointerup", end);
  handle.addEventListener("pointercancel", end);
}
