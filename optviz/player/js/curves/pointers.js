// What pointers do on curves: read them, move the playhead, zoom along the axis.

import { clamp } from "../data/scales.js";
import { listenGestures, shiftInto, zoomRange } from "../input/gestures.js";
import { nearest } from "./near.js";
import { curveRows } from "./rows.js";

/** @import { PanelActions } from "../canvas/frame.js" */
/** @import { Pair } from "../data/message.js" */
/** @import { CurvePanel } from "./panel.js" */

/** @type {(panel: CurvePanel, actions: PanelActions) => void} */
export function bindCurves(panel, actions) {
  /** @type {() => Pair} */
  const full = () => [0, actions.frame().axis.span || 1];
  /** @param {number} x */
  const stepAt = (x) => {
    const { axis } = actions.frame();
    return axis.whole(clamp(panel.plot.xs.value(x), 0, axis.span));
  };
  listenGestures(panel.host, {
    hover(x, y, at) {
      if (!panel.contains(x, y)) return actions.leave();
      const step = stepAt(x);
      const before = actions.frame();
      const { axis } = before;
      // only a training's curves are many enough to be told apart by the pointer
      const near = axis.members.length ? nearest(panel, x, y, before) : null;
      const hover = { step, point: null, near };
      const per = panel.data.steps_per_epoch;
      const epoch = per ? `epoch ${(step / per).toFixed(1)}, ` : "";
      const rows = curveRows(panel, step, { ...before, hover });
      actions.point(hover, `${epoch}${axis.words(step)}`, rows, at);
    },
    leave: actions.leave,
    press: () => (actions.frame().zoomed ? "pan" : "scrub"),
    move(kind, x, y, dx) {
      actions.hush();
      const { xview, zoomed } = actions.frame();
      if (kind === "scrub") return actions.seek(stepAt(x));
      if (!zoomed) return;
      const span = xview[1] - xview[0];
      const shift = (-dx / panel.rect().w) * span;
      actions.setXView(shiftInto(xview[0] + shift, span, full()));
    },
    click(x, y) {
      if (panel.contains(x, y)) actions.seek(stepAt(x));
    },
    zoom(x, y, factor) {
      const { axis, xview, zoomed } = actions.frame();
      const closest = Math.min(5 * axis.perStep, full()[1]);
      const next = zoomRange(...xview, panel.plot.xs.value(x), factor, full(), closest);
      if (next === null && !zoomed) return false;
      actions.setXView(next);
      return true;
    },
    wantsDouble: () => actions.frame().zoomed,
    reset: actions.resetView,
  });
}
