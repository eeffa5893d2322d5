// The player's elements.

import { Controls } from "./controls.js";
import { Legend } from "./legend.js";
import { Readout } from "./readout.js";

/** @import { ControlActions } from "./controls.js" */
/** @import { LegendActions } from "./legend.js" */

/**
 * Makes the root with its legend, panels' grid, controls, notes and read-out.
 * @param {ControlActions & LegendActions} actions what its buttons do
 * @param {HTMLElement} options stand above the panels of a training
 */
export function buildParts(actions, options) {
  const make = (/** @type {string} */ name, /** @type {string} */ className) =>
    Object.assign(document.createElement(name), { className });
  const root = make("div", "optviz-player");
  root.tabIndex = 0;
  root.setAttribute("role", "region");
  const grid = make("div", "ov-panels");
  const notes = make("p", "ov-notes");
  const live = make("div", "ov-live");
  live.setAttribute("aria-live", "polite");
  const legend = new Legend(actions);
  const controls = new Controls(actions);
  const readout = new Readout();
  // The map's canvas comes first in the document; the style sheet puts the legend above it.
  root.append(grid, legend.element, options, controls.element, notes, readout.element, live);
  return { root, grid, notes, live, legend, controls, readout };
}
