// A stack of canvases of one size, sharp on every screen.

/** @typedef {CanvasRenderingContext2D} Context */
/** @typedef {{x: number, y: number, w: number, h: number}} Rect */

/** A canvas to draw on; every browser that runs this has one. @param {HTMLCanvasElement} canvas */
export function contextOf(canvas) {
  return /** @type {Context} */ (canvas.getContext("2d"));
}

/**
 * Draws with everything outside `rect` cut off.
 * @type {(ctx: Context, rect: Rect, draw: () => void) => void}
 */
export function inside(ctx, rect, draw) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(rect.x, rect.y, rect.w, rect.h);
  ctx.clip();
  draw();
  ctx.restore();
}

/** @type {(rect: Rect, x: number, y: number) => boolean} */
export function within(rect, x, y) {
  return x >= rect.x && x <= rect.x + rect.w && y >= rect.y && y <= rect.y + rect.h;
}

/** @template {string} Name */
export class Layers {
  /**
   * @param {HTMLElement} host a positioned box; the canvases fill it
   * @param {Name[]} names from bottom to top
   */
  constructor(host, names) {
    this.host = host;
    this.ratio = 1;
    this.width = this.height = 0;
    const made = names.map((name) => [name, contextOf(document.createElement("canvas"))]);
    /** Each layer's context. */
    this.on = /** @type {Record<Name, Context>} */ (Object.fromEntries(made));
    for (const name of names) {
      const { canvas } = this.on[name];
      canvas.className = "ov-layer";
      canvas.setAttribute("aria-hidden", "true");
      // also without the style sheet a canvas must not stretch the box that sets its size
      canvas.style.cssText = "position:absolute;inset:0";
      host.append(canvas);
    }
    this.names = names;
  }

  /** Fits the canvases to the box; true where that emptied them. */
  fit() {
    const ratio = Math.min(3, globalThis.devicePixelRatio || 1);
    const { clientWidth: width, clientHeight: height } = this.host;
    if (width === this.width && height === this.height && ratio === this.ratio) return false;
    Object.assign(this, { width, height, ratio });
    for (const name of this.names) {
      const { canvas } = this.on[name];
      canvas.width = Math.max(1, Math.round(width * ratio));
      canvas.height = Math.max(1, Math.round(height * ratio));
      this.on[name].setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    return true;
  }

  /** @param {Name} name */
  clear(name) {
    this.on[name].clearRect(0, 0, this.width, this.height);
  }
}
