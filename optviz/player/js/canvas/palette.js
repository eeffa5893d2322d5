// Colours on the canvas. The tables are those of optviz/figures/theme.py; a test compares them.

export const SEQUENTIAL_LIGHT = [
  "#6b8fd0", "#68a0d3", "#68aed2", "#6fbbcf", "#7dc7c9", "#92d0c4",
  "#abd9c1", "#c4e0c2", "#dae7c9", "#edeed5", "#fbf6e8",
];
export const SEQUENTIAL_DARK = [
  "#0e0c24", "#0c1332", "#061b3e", "#022548", "#012f4f", "#033a53",
  "#094553", "#135051", "#205a4f", "#33634c", "#4b6c4b",
];

// From the first layer to the last; each at least 3:1 against its page.
const LAYERS_LIGHT = ["#1d1147", "#5b1a86", "#a3278a", "#d43d6c", "#e8572a"];
const LAYERS_DARK = ["#8377f2", "#b861d3", "#ee668c", "#fba06d", "#fcee9f"];

/** @typedef {number[]} Rgb red, green, blue: 0 … 255 */
/** @typedef {ReturnType<typeof readTheme>} Theme the page's colours and font */

/** Of `#rrggbb` or `rgb(…)`. @type {(text: string) => Rgb} */
export function parseColor(text) {
  if (text.startsWith("#")) {
    const full = text.length === 4 ? text.replace(/[^#]/g, "$&$&") : text;
    return [1, 3, 5].map((i) => parseInt(full.slice(i, i + 2), 16));
  }
  const found = text.match(/[\d.]+/g) || ["0", "0", "0"];
  const unit = text.startsWith("color(") ? 255 : 1;
  return found.slice(0, 3).map((part) => Number(part) * unit);
}

/** @type {(color: string, alpha: number) => string} */
export function rgba(color, alpha) {
  const [r, g, b] = parseColor(color).map(Math.round);
  return `rgba(${r},${g},${b},${alpha})`;
}

/**
 * `count` colours evenly along the sequential map.
 * @type {(dark: boolean, count: number) => Rgb[]}
 */
export function sequentialColors(dark, count) {
  const table = (dark ? SEQUENTIAL_DARK : SEQUENTIAL_LIGHT).map(parseColor);
  return Array.from({ length: count }, (_, i) => {
    const at = (count === 1 ? 0.5 : i / (count - 1)) * (table.length - 1);
    const low = Math.min(Math.floor(at), table.length - 2);
    return table[low].map((v, c) => v + (table[low + 1][c] - v) * (at - low));
  });
}

/**
 * A layer's colour; `depth` is 0 for the first layer, 1 for the last.
 * @type {(dark: boolean, depth: number) => string}
 */
export function layerColor(dark, depth) {
  const table = (dark ? LAYERS_DARK : LAYERS_LIGHT).map(parseColor);
  const at = depth * (table.length - 1);
  const low = Math.min(Math.floor(at), table.length - 2);
  const mixed = table[low].map((v, c) => Math.round(v + (table[low + 1][c] - v) * (at - low)));
  return `rgb(${mixed.join()})`;
}

/**
 * The page's colours as they are now; read anew on every `set` and on every change of theme.
 * @param {HTMLElement} root the player's root element
 */
export function readTheme(root) {
  const style = getComputedStyle(root);
  const background = style.backgroundColor;
  const [r, g, b] = parseColor(background);
  const dark = 0.299 * r + 0.587 * g + 0.114 * b < 128;
  const text = style.color;
  const font = style.fontFamily;
  return {
    key: [background, text, font].join("|"),
    dark,
    background,
    text,
    muted: rgba(text, dark ? 0.66 : 0.68),
    faint: rgba(text, dark ? 0.11 : 0.1),
    axis: rgba(text, 0.35),
    halo: dark ? "#05070d" : "#ffffff",
    contour: dark ? [232, 240, 255, 0.17] : [24, 44, 72, 0.27],
    star: dark ? "#ffe27a" : "#fff2a8",
    font,
  };
}
