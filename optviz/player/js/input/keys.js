// The keyboard: space, arrows, Home, End, f.

/**
 * What a key means to the player, or null.
 * @returns {{act: string, by?: number} | null}
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

/** Whether an element keeps a key for itself; the player's scrubber leaves all to the player. */
export function keepsKey(element, key) {
  if (!element || element.classList?.contains("ov-scrub")) return false;
  if (element.isContentEditable) return true;
  if (!FIELDS.has(element.tagName)) return false;
  // a button needs only the keys that press it
  const pressed = element.tagName === "BUTTON" || element.tagName === "A";
  return pressed ? key === " " || key === "Enter" : true;
}

/**
 * @param {HTMLElement} root
 * @param {(action: object) => void} act
 * @returns {() => void} stops listening
 */
export function listenKeys(root, act) {
  const handle = (event) => {
    const target = event.composedPath?.()[0] || event.target;
    if (event.defaultPrevented || keepsKey(target, event.key)) return;
    const action = keyAction(event);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    act(action);
  };
  // keys pressed while nothing has the focus belong to the player that was used last
  const onPage = (event) => {
    if (event.target === document.body && currentPlayer() === root) handle(event);
  };
  const use = () => (globalThis.optvizLastUsed = root);
  if (!currentPlayer()) use();
  root.addEventListener("keydown", handle);
  root.addEventListener("pointerdown", use);
  root.addEventListener("focusin", use);
  document.addEventListener("keydown", onPage);
  return () => {
    document.removeEventListener("keydown", onPage);
    if (globalThis.optvizLastUsed === root) globalThis.optvizLastUsed = null;
  };
}

function currentPlayer() {
  const last = globalThis.optvizLastUsed;
  return last && last.isConnected ? last : (globalThis.optvizLastUsed = null);
}
