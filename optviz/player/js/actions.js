// What buttons, chips and panels may ask of the player, and nothing else.

import { alone } from "./data/runs.js";
import { toggleFull } from "./shell/layout.js";

/** @import { PanelActions } from "./canvas/frame.js" */
/** @import { Action } from "./input/keys.js" */
/** @import { Player } from "./player.js" */
/** @import { ControlActions } from "./shell/controls.js" */
/** @import { LegendActions } from "./shell/legend.js" */

/**
 * @param {Player} player
 * @returns {ControlActions & LegendActions & PanelActions & {press: (key: Action) => void}}
 */
export function actionsOf(player) {
  const { clock, playback } = player;
  return {
    toggle: () => playback.toggle(),
    nudge: (by) => playback.nudge(by),
    seek: (place) => playback.seek(player.axis.whole(place)),
    speed: (factor) => (clock.speed = factor),
    loop: () => (clock.loop = !clock.loop),
    full: () => toggleFull(player.root),
    resetView: () => player.resetView(),

    press(key) {
      if (key.act === "toggle") playback.toggle();
      else if (key.act === "nudge") playback.nudge(key.by);
      else if (key.act === "full") toggleFull(player.root);
      else playback.seek(key.act === "home" ? 0 : clock.numSteps);
    },

    toggleRun: (label) => player.toggleRun(label),
    isolateRun: (label) => player.show(alone(player.runs, label)),
    highlight: (run) => player.setHighlight(run),

    frame: () => player.frame(),
    paint: () => player.paint(),
    wake: () => playback.wake(),
    point(hover, head, rows, at) {
      player.parts.readout.show(hover, head, rows, at);
      playback.wake();
    },
    leave() {
      player.parts.readout.leave();
      playback.wake();
    },
    hush: () => player.parts.readout.hide(),
    setXView: (view) => player.setXView(view),
    setMoving: (moving) => (player.moving = moving),
    answers: () => player.onStart !== null,
    offerStart: (x, y, dragging) => player.start.offer(x, y, dragging),
  };
}
