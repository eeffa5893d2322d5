// The boxes around the canvases: a panel's title, its log/linear switch, its drawing area.

/**
 * @param {string} kind "map" or "curves"
 * @param {(scale: string) => void} onScale
 */
export function panelShell(kind, onScale) {
  const element = document.createElement("section");
  element.className = `ov-panel ov-${kind}`;
  const head = document.createElement("header");
  const title = document.createElement("h3");
  const key = document.createElement("span");
  key.className = "ov-key";
  const group = document.createElement("div");
  group.className = "ov-scale";
  group.setAttribute("role", "group");
  const buttons = ["log", "linear"].map((scale) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = scale === "linear" ? "lin" : scale;
    button.addEventListener("mousedown", (event) => event.preventDefault());
    button.addEventListener("click", () => onScale(scale));
    group.append(button);
    return { scale, button };
  });
  head.append(title, key, group);
  const area = document.createElement("div");
  area.className = "ov-area";
  element.append(head, area);
  return {
    element,
    area,
    set(panel, scaleKind) {
      title.textContent = panel.title || "";
      group.setAttribute("aria-label", `Scale of ${panel.title || "the axis"}`);
      for (const { scale, button } of buttons) {
        button.setAttribute("aria-pressed", String(scale === scaleKind));
        button.setAttribute("aria-label", `${scale === "log" ? "Logarithmic" : "Linear"} scale`);
      }
      group.hidden = kind === "map" && !panel.grid;
      const places = [];
      if (panel.minima?.length) places.push("★ minimum");
      if (panel.saddles?.length) places.push("✕ saddle");
      key.textContent = places.join("   ");
    },
  };
}
