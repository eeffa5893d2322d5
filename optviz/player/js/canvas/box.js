// The boxes around the canvases: a panel's title, its log/linear switch, its drawing area.

import { layerColor } from "./palette.js";

/** @import { PanelData, ScaleKind } from "../data/message.js" */
/** @import { Theme } from "./palette.js" */

/** @type {ScaleKind[]} */
const SCALES = ["log", "linear"];

/**
 * @param {PanelData["kind"]} kind
 * @param {(scale: ScaleKind) => void} onScale
 */
export function panelBox(kind, onScale) {
  const element = document.createElement("section");
  element.className = `ov-panel ov-${kind}`;
  const head = document.createElement("header");
  const title = document.createElement("h3");
  const key = document.createElement("span");
  key.className = "ov-key";
  const group = document.createElement("div");
  group.className = "ov-scale";
  group.setAttribute("role", "group");
  const buttons = SCALES.map((scale) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = scale === "linear" ? "lin" : scale;
    button.addEventListener("mousedown", (event) => event.preventDefault());
    button.addEventListener("click", () => onScale(scale));
    group.append(button);
    return { scale, button };
  });
  const layers = layerChooser();
  head.append(title, key, ...(kind === "map" ? [] : [layers.element]), group);
  const area = document.createElement("div");
  area.className = "ov-area";
  element.append(head, area);
  return {
    element,
    area,
    setLayers: layers.set,
    /** @type {(data: PanelData, scaleKind: ScaleKind) => void} */
    set(data, scaleKind) {
      title.textContent = data.title;
      group.setAttribute("aria-label", `Scale of ${data.title || "the axis"}`);
      for (const { scale, button } of buttons) {
        button.setAttribute("aria-pressed", String(scale === scaleKind));
        button.setAttribute("aria-label", `${scale === "log" ? "Logarithmic" : "Linear"} scale`);
      }
      if (data.kind === "curves") {
        key.textContent = data.note ?? "";
        return;
      }
      group.hidden = !data.grid;
      const places = [];
      if (data.minima.length) places.push("★ minimum");
      if (data.saddles.length) places.push("✕ saddle");
      key.textContent = places.join("   ");
    },
  };
}

/** Whose layers a panel draws, and what their colours mean. */
function layerChooser() {
  const element = document.createElement("span");
  element.className = "ov-layers";
  element.hidden = true;
  const ramp = document.createElement("span");
  ramp.className = "ov-ramp";
  ramp.title = "from the first layer to the last";
  const select = document.createElement("select");
  select.setAttribute("aria-label", "Layers of");
  element.append(ramp, select);
  /** @type {(label: string) => void} */
  let choose = () => {};
  let offered = "";
  select.addEventListener("change", () => choose(select.value));
  return {
    element,
    /**
     * @param {string[]} labels of the runs that are offered
     * @param {string} chosen one of them, or none
     * @param {Theme} theme
     * @param {(label: string) => void} onChoice
     */
    set(labels, chosen, theme, onChoice) {
      choose = onChoice;
      element.hidden = false;
      if (offered !== labels.join("\n")) {
        offered = labels.join("\n");
        const layersOf = labels.map((label) => new Option(`layers of ${label}`, label));
        select.replaceChildren(new Option("median layer", ""), ...layersOf);
      }
      select.value = chosen;
      ramp.hidden = !chosen;
      const colors = [0, 0.25, 0.5, 0.75, 1].map((depth) => layerColor(theme.dark, depth));
      ramp.style.backgroundImage = `linear-gradient(to right, ${colors.join()})`;
    },
  };
}
