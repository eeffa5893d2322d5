// The panels of the player's grid: made once for each name, filled with every message.

import { CurvePanel } from "./curves/panel.js";
import { MapPanel } from "./map/panel.js";

/** @import { PanelActions } from "./canvas/frame.js" */
/** @import { CurveData, PanelData } from "./data/message.js" */
/** @import { Series } from "./data/series.js" */

/** @typedef {MapPanel | CurvePanel} Panel */

/**
 * Makes the panels that a message asks for, keeps those that it asks for again, fills them all.
 * @param {HTMLElement} grid where they stand
 * @param {Panel[]} known
 * @param {PanelData[]} asked
 * @param {(data: CurveData) => Series[]} seriesOf
 * @param {PanelActions} actions what a new one may ask of the player
 * @returns {Panel[]}
 */
export function placePanels(grid, known, asked, seriesOf, actions) {
  const panels = asked.map((data) => {
    const { key = "" } = data;
    const old = known.find((panel) => panel.key === key);
    if (data.kind === "map") {
      const map = old?.kind === "map" ? old : new MapPanel(key, actions);
      map.setData(data);
      return map;
    }
    const curves = old?.kind === "curves" ? old : new CurvePanel(key, actions);
    curves.setData(data, seriesOf(data));
    return curves;
  });
  const elements = panels.map((panel) => panel.box.element);
  // moving an element costs it the focus
  if (elements.some((element, i) => grid.children[i] !== element))
    grid.replaceChildren(...elements);
  else while (grid.children.length > elements.length) grid.lastChild?.remove();
  return panels;
}
