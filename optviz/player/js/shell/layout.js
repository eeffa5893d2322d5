// How the player fits into the room that it has.

const NARROW = 700; // pixels of the container below which everything stands in one column

/**
 * Fits a player of so many panels to its width.
 * @param {HTMLElement} root
 * @param {number} count
 * @returns {number} how large text and markers are drawn
 */
export function layOut(root, count) {
  const width = root.clientWidth;
  const full = root.matches(":fullscreen");
  root.classList.toggle("ov-narrow", width < NARROW);
  root.classList.toggle("ov-full", full);
  const scale = full ? Math.min(1.9, Math.max(1.25, width / 1150)) : width > 1500 ? 1.12 : 1;
  root.style.setProperty("--ov-columns", String(columnsFor(count, width)));
  root.style.setProperty("--ov-scale", String(scale));
  return scale;
}

/**
 * How many panels stand side by side.
 * @type {(count: number, width: number) => number}
 */
function columnsFor(count, width) {
  const most = Math.max(1, Math.min(width > 1900 ? 4 : 3, Math.floor(width / 400)));
  if (count <= most && count !== 4) return count;
  return count === 4 && most < 4 ? Math.min(2, most) : most;
}

/** Fills the screen with the player, or gives it back. @param {HTMLElement} root */
export function toggleFull(root) {
  if (document.fullscreenElement) document.exitFullscreen();
  else root.requestFullscreen?.().catch(() => {});
  root.focus({ preventScroll: true });
}
