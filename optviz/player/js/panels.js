// The panels of the player's grid: made once for each name, filled with every message.

import { CurvePanel } from "./curves/panel.js";
import { MapPanel } from "./map/panel.js";
import { panelShell } from "./shell/box.js";
import { bindPanel } from "./interact.js";

/** Makes the panels that a message asks for, keeps those that it asks for again. */
export function placePanels(player) {
  const asked = player.view.panels(player.header);
  const known = new Map(player.panels.map((panel) => [panel.key, panel]));
  player.panels = asked.map(({ key, kind }) => {
    const old = known.get(key);
    return old?.kind === kind ? old : makePanel(player, key, kind);
  });
  const elements = player.panels.map((panel) => panel.shell.element);
  // moving an element costs it the focus
  if (elements.some((element, i) => player.grid.children[i] !== element))
    player.grid.replaceChildren(...elements);
  else while (player.grid.children.length > elements.length) player.grid.lastChild.remove();
  const curves = player.panels.filter((panel) => panel.kind === "curves").length;
  player.root.style.setProperty("--ov-curves", String(Math.max(1, curves)));
  player.root.classList.toggle("ov-mapless", curves === player.panels.length);
  player.root.classList.toggle("ov-training", Boolean(player.header.axes));
  player.panels.forEach((panel, i) => {
    panel.setData(asked[i], panel.kind === "map" ? null : player.view.series(asked[i]));
    panel.shell.set(panel.panel, panel.scaleKind);
  });
}

function makePanel(player, key, kind) {
  const shell = panelShell(kind, (scale) => {
    panel.setScaleKind(scale);
    shell.set(panel.panel, scale);
    player.paint();
  });
  const panel = kind === "map" ? new MapPanel(shell.area) : new CurvePanel(shell.area);
  panel.shell = shell;
  panel.key = key;
  bindPanel(player, panel);
  return panel;
}
