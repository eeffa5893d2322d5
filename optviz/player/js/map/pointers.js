// What pointers do on a map: read it, pan, zoom, start elsewhere.

import { clamp, formatNumber } from "../data/scales.js";
import { listenGestures } from "../input/gestures.js";

/** @import { PanelActions, Row } from "../canvas/frame.js" */
/** @import { Pair } from "../data/message.js" */
/** @import { View } from "./contour.js" */
/** @import { MapPanel } from "./panel.js" */

const WIDEST = 4; // windows shown at the farthest zoom
const CLOSEST = 1 / 400;
const REST = 140; // ms without a gesture after which the bands are painted sharp again

/** @type {(map: MapPanel, actions: PanelActions) => void} */
export function bindMap(map, actions) {
  let settle = 0;
  /** @type {(x: number, y: number) => Pair} */
  const onMap = (x, y) => [map.xs.value(x), map.ys.value(y)];
  /** @param {View | null} view */
  const setView = (view) => {
    map.setView(view);
    actions.setMoving(true);
    clearTimeout(settle);
    settle = window.setTimeout(() => {
      actions.setMoving(false);
      map.invalidate();
      actions.wake();
    }, REST);
    actions.wake();
  };

  listenGestures(map.host, {
    hover(x, y, at) {
      if (!map.contains(x, y)) return actions.leave();
      const point = onMap(x, y);
      const head = map.start.movable() ? "click to start here" : "surface";
      actions.point({ step: null, point, near: null }, head, mapRows(map, point), at);
    },
    leave: actions.leave,
    press: () => "pan",
    move(kind, x, y, dx, dy) {
      actions.leave();
      const { x0, x1, y0, y1 } = map.currentView();
      const { w, h } = map.rect();
      const [sx, sy] = [(-dx / w) * (x1 - x0), (dy / h) * (y1 - y0)];
      setView({ x0: x0 + sx, x1: x1 + sx, y0: y0 + sy, y1: y1 + sy });
    },
    click(x, y) {
      if (map.start.movable() && map.contains(x, y)) map.start.put(...onMap(x, y), false);
    },
    zoom(x, y, factor, free = false) {
      const { x0, x1, y0, y1 } = map.currentView();
      const whole = map.window.x1 - map.window.x0;
      const now = (x1 - x0) / whole;
      // a plain wheel stops at the window; a pinch, or the wheel with Ctrl, goes on beyond it
      const next = clamp(now * factor, CLOSEST, free ? WIDEST : Math.max(1, now));
      if (!free && factor > 1 && next > 0.98) {
        if (!map.view) return false;
        setView(null);
        return true;
      }
      const by = (next * whole) / (x1 - x0);
      if (Math.abs(by - 1) < 1e-6) return false;
      const [cx, cy] = onMap(x, y);
      /** @type {(value: number, centre: number) => number} */
      const about = (value, centre) => centre + (value - centre) * by;
      setView({ x0: about(x0, cx), x1: about(x1, cx), y0: about(y0, cy), y1: about(y1, cy) });
      return true;
    },
    wantsDouble: () => map.view !== null,
    reset: actions.resetView,
  });
}

/**
 * The read-out of a map: place and loss.
 * @type {(map: MapPanel, point: Pair) => Row[]}
 */
function mapRows(map, [x, y]) {
  return Object.entries({ x, y, loss: map.lossAt(x, y) }).map(([label, value]) => ({
    color: "transparent",
    label,
    text: formatNumber(value),
  }));
}
