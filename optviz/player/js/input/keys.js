// The keyboard: space, arrows, Home, End, f.

/** @typedef {{act: "toggle" | "home" | "end" | "full"} | {act: "nudge", by: number}} Action */
/** @typedef {{key: string} & Partial<KeyboardEvent>} Key */

/**
 * What a key means to the player, or null.
 * @type {(key: Key) => Action | null}
 */
export function keyAction({ key, shiftKey, ctrlKey, metaKey, altKey }) {
  if (ctrlKey || metaKey || altKey) return null;
  switch (key) {
    case " ":
      return { act: "toggle" };
    case "ArrowLeft":
      return { act: "nudge", by: shiftKey ? -10 : -1 };
    case "ArrowRight":
      return { act: "nudge", by: shiftKey ? 10 : 1 };
    case "Home":
      return { act: "home" };
    case "End":
      return { act: "end" };
    case "f":
    case "F":
      return { act: "full" };
    default:
      return null;
  }
}

const FIELDS = new Set(["INPUT", "SELECT", "TEXTAREA", "BUTTON", "A"]);

/**
 * Whether an element keeps a key for itself; the player's scrubber leaves all to the player.
 * @type {(element: HTMLElement, key: string) => boolean}
 */
export function keepsKey(element, key) {
  if (element.classList.contains("ov-scrub")) return false;
  if (element.isContentEditable) return true;
  if (!FIELDS.has(element.tagName)) return false;
  // a button needs only the keys that press it
  const pressed = element.tagName === "BUTTON" || element.tagName === "A";
  return pressed ? key === " " || key === "Enter" : true;
}

/**
 * @param {HTMLElement} root
 * @param {(action: Action) => void} act
 * @returns {() => void} stops listening
 */
export function listenKeys(root, act) {
  /** @param {KeyboardEvent} event */
  const handle = (event) => {
    const [target] = event.composedPath();
    const kept = target instanceof HTMLElement && keepsKey(target, event.key);
    if (event.defaultPrevented || kept) return;
    const action = keyAction(event);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    act(action);
  };
  // keys pressed while nothing has the focus belong to the player that was used last
  /** @param {KeyboardEvent} event */
  const onPage = (event) => {
    if (event.target === document.body && lastUsed() === root) handle(event);
  };
  const use = () => (shared.optvizLastUsed = root);
  if (!lastUsed()) use();
  root.addEventListener("keydown", handle);
  root.addEventListener("pointerdown", use);
  root.addEventListener("focusin", use);
  document.addEventListener("keydown", onPage);
  return () => {
    document.removeEventListener("keydown", onPage);
    if (shared.optvizLastUsed === root) shared.optvizLastUsed = null;
  };
}

/** What all players of a page share, though each may have come with a script of its own. */
const shared = /** @type {{optvizLastUsed?: HTMLElement | null}} */ (globalThis);

function lastUsed() {
  return shared.optvizLastUsed?.isConnected ? shared.optvizLastUsed : null;
}
