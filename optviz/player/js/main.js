// The bundle's two doors: Streamlit's component, and a page that carries its own data.

import { fromBase64 } from "./data/message.js";
import { Player } from "./player.js";

/** @typedef {HTMLElement & {optvizPlayer?: Player}} Host an element with a player in it */
/**
 * What Streamlit hands to a component.
 * @typedef {object} Mounted
 * @property {ArrayBuffer | Uint8Array<ArrayBuffer> | null} data
 * @property {HTMLElement | ShadowRoot} parentElement
 * @property {(name: string, value: unknown) => void} setTriggerValue
 */

/**
 * Called by Streamlit on mount and on every rerun; finds the player or makes it. Triggers `start`
 * with `{x, y, dragging}`.
 * @param {Mounted} mounted
 */
export default function mount({ data, parentElement, setTriggerValue }) {
  const host = /** @type {Host} */ (parentElement.querySelector(".optviz-host") ?? parentElement);
  const player = (host.optvizPlayer ??= new Player(host));
  player.onStart = (start) => setTriggerValue("start", start);
  const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : data;
  if (bytes?.byteLength) {
    try {
      player.load(bytes);
    } catch (error) {
      host.dataset.error = String(error);
      throw error;
    }
  }
  return () => {
    player.destroy();
    if (host.optvizPlayer === player) delete host.optvizPlayer;
  };
}

/** Fills every `.optviz-host` of a page from the base64 text of the script beside it. */
export function startPage(page = document) {
  for (const host of /** @type {NodeListOf<Host>} */ (page.querySelectorAll(".optviz-host"))) {
    const source = page.getElementById(host.dataset.source ?? "");
    host.optvizPlayer = new Player(host);
    host.optvizPlayer.load(fromBase64(source?.textContent ?? ""));
  }
}
