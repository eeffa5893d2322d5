// A stack of canvases of one size, sharp on every screen.

/**
 * @param {HTMLElement} host a positioned box; the canvases fill it
 * @param {string[]} names from bottom to top
 */
export class Layers {
  constructor(host, names) {
    this.host = host;
    this.ratio = 1;
    this.width = this.height = 0;
    this.names = names;
    for (const name of names) {
      const canvas = document.createElement("canvas");
      canvas.className = "ov-layer";
      canvas.setAttribute("aria-hidden", "true");
      // also without the style sheet a canvas must not stretch the box that sets its size
      canvas.style.cssText = "position:absolute;inset:0";
      host.append(canvas);
      this[name] = canvas.getContext("2d");
    }
  }

  /** Fits the canvases to the box; true where that emptied them. */
  fit() {
    const ratio = Math.min(3, globalThis.devicePixelRatio || 1);
    const { clientWidth: width, clientHeight: height } = this.host;
    if (width === this.width && height === this.height && ratio === this.ratio) return false;
    Object.assign(this, { width, height, ratio });
    for (const name of this.names) {
      const { canvas } = this[name];
      canvas.width = Math.max(1, Math.round(width * ratio));
      canvas.height = Math.max(1, Math.round(height * ratio));
      this[name].setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    return true;
  }

  clear(name) {
    this[name].clearRect(0, 0, this.width, this.height);
  }
}
