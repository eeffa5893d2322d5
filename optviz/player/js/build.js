// The player's elements, and what its buttons do.

import { Controls } from "./shell/controls.js";
import { Legend } from "./shell/legend.js";
import { Readout } from "./shell/readout.js";

/** Makes the root with its legend, panels' grid, controls, notes and read-out. */
export function buildParts(player) {
  const make = (name, className) => Object.assign(document.createElement(name), { className });
  player.root = make("div", "optviz-player");
  player.root.tabIndex = 0;
  player.root.setAttribute("role", "region");
  player.grid = make("div", "ov-panels");
  player.readout = new Readout();
  player.legend = new Legend({
    toggle: (label) => player.toggleRun(label),
    isolate: (label) => player.isolateRun(label),
    highlight: (run) => player.setHighlight(run),
  });
  player.controls = new Controls({
    toggle: () => player.act({ act: "toggle" }),
    seek: (place) => player.seek(player.axis.whole(place)),
    nudge: (by) => player.act({ act: "nudge", by }),
    speed: (factor) => (player.clock.speed = factor),
    loop: () => {
      player.clock.loop = !player.clock.loop;
      player.controls.setLoop(player.clock.loop);
    },
    full: () => player.act({ act: "full" }),
    reset: () => player.resetView(),
  });
  player.notes = make("p", "ov-notes");
  player.live = make("div", "ov-live");
  player.live.setAttribute("aria-live", "polite");
  const { legend, grid, controls, notes, readout, live } = player;
  // The map's canvas comes first in the document; the style sheet puts the legend above it.
  const options = player.view.options.element;
  player.root.append(
    grid, legend.element, options, controls.element, notes, readout.element, live,
  );
  // what a benchmark or a test reads
  player.root.optviz = { stats: () => ({ ...player.counts }), player };
  player.host.append(player.root);
}
