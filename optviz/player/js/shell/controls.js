// The row of buttons under the picture.

import { BASE_RATE } from "../data/clock.js";

/** @import { Axis } from "../data/axis.js" */
/** @import { Clock } from "../data/clock.js" */

/**
 * @typedef {object} ControlActions
 * @property {() => void} toggle plays or pauses
 * @property {(place: number) => void} seek
 * @property {(steps: number) => void} nudge
 * @property {(factor: number) => void} speed
 * @property {() => boolean} loop whether it now starts again at the end
 * @property {() => void} full
 * @property {() => void} resetView
 */

const FILL = 'fill="currentColor"';
const PATHS = {
  play:
    '<path d="M7 4.6v14.8c0 .8.9 1.3 1.6.9l11.6-7.4c.6-.4.6-1.4 0-1.8' +
    `L8.6 3.7C7.9 3.3 7 3.8 7 4.6z" ${FILL}/>`,
  pause:
    `<rect x="5.5" y="4" width="4.5" height="16" rx="1.3" ${FILL}/>` +
    `<rect x="14" y="4" width="4.5" height="16" rx="1.3" ${FILL}/>`,
  back: `<path d="M18 5.5v13L8.5 12z" ${FILL}/><path d="M6 5.5v13"/>`,
  forward: `<path d="M6 5.5v13l9.5-6.5z" ${FILL}/><path d="M18 5.5v13"/>`,
  loop:
    '<path d="M17 2.8 20.2 6 17 9.2"/><path d="M4 11.5V10a4 4 0 0 1 4-4h12"/>' +
    '<path d="M7 21.2 3.8 18 7 14.8"/><path d="M20 12.5V14a4 4 0 0 1-4 4H4"/>',
  full: '<path d="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5"/>',
  reset: '<path d="M4.5 12a7.5 7.5 0 1 0 2.4-5.5"/><path d="M4 3.5v4.4h4.4"/>',
};
const SPEEDS = [0.25, 0.5, 1, 2, 4, 8];

/** @param {Glyph} name */
function icon(name) {
  return (
    '<svg viewBox="0 0 24 24" width="1.25em" height="1.25em" fill="none" stroke="currentColor" ' +
    'stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">' +
    `${PATHS[name]}</svg>`
  );
}

/** @typedef {keyof typeof PATHS} Glyph */

/** @type {(name: string, glyph: Glyph, tip: string, act: () => void) => HTMLElement} */
function button(name, glyph, tip, act) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = "ov-button";
  element.setAttribute("aria-label", name);
  element.title = tip;
  element.innerHTML = icon(glyph);
  // a click with the mouse leaves the keyboard with the player, so that space still plays
  element.addEventListener("mousedown", (event) => event.preventDefault());
  element.addEventListener("click", act);
  return element;
}

export class Controls {
  /** @param {ControlActions} actions */
  constructor(actions) {
    this.element = document.createElement("div");
    this.element.className = "ov-controls";
    this.playButton = button("Play", "play", "Play (space)", actions.toggle);
    this.playButton.classList.add("ov-play");
    /** @type {(name: string, glyph: Glyph, key: string, by: number) => HTMLElement} */
    const step = (name, glyph, key, by) =>
      button(name, glyph, `${name} (${key}, ten with shift)`, () => actions.nudge(by));
    const back = step("Step back", "back", "←", -1);
    const forward = step("Step forward", "forward", "→", 1);
    const loop = button("Loop", "loop", "Start again at the end", () =>
      loop.setAttribute("aria-pressed", String(actions.loop())),
    );
    loop.setAttribute("aria-pressed", "false");
    const reset = button("Reset view", "reset", "Reset view (double click)", actions.resetView);
    this.resetButton = reset;
    const full = button("Full screen", "full", "Full screen (f)", actions.full);

    this.scrubber = document.createElement("input");
    Object.assign(this.scrubber, { type: "range", min: "0", max: "1", step: "any", value: "0" });
    this.scrubber.className = "ov-scrub";
    this.scrubber.setAttribute("aria-label", "Step");
    this.scrubber.addEventListener("input", () =>
      actions.seek(this.scrubber.valueAsNumber),
    );

    this.count = document.createElement("output");
    this.count.className = "ov-count";
    this.now = document.createElement("b");
    this.total = document.createElement("span");
    this.count.append(this.now, this.total);
    this.count.setAttribute("aria-live", "off");

    const speed = document.createElement("select");
    speed.className = "ov-speed";
    speed.setAttribute("aria-label", "Speed");
    speed.title = `Speed: 1× is ${BASE_RATE} steps a second`;
    for (const factor of SPEEDS) {
      const text = `${factor}× (${factor * BASE_RATE}/s)`;
      speed.append(new Option(text, String(factor), factor === 1, factor === 1));
    }
    speed.addEventListener("change", () => {
      actions.speed(Number(speed.value));
      speed.title = `Speed: ${Number(speed.value) * BASE_RATE} steps a second`;
    });
    const line = document.createElement("div");
    line.className = "ov-line";
    line.append(this.scrubber, this.count);
    this.element.append(back, this.playButton, forward, line, speed, loop, reset, full);
    // what is shown now
    this.playing = false;
    this.updated = 0;
    this.length = NaN;
    this.axisName = "";
    this.place = "";
  }

  /**
   * Shows the clock's state; while it runs 30 times a second: layout costs more than drawing.
   * @type {(clock: Clock, axis: Axis, now: number) => void}
   */
  update(clock, axis, now) {
    if (clock.playing && this.playing && now - this.updated < 30) return;
    this.updated = now;
    if (this.playing !== clock.playing) {
      this.playing = clock.playing;
      this.playButton.setAttribute("aria-label", clock.playing ? "Pause" : "Play");
      this.playButton.title = clock.playing ? "Pause (space)" : "Play (space)";
      this.playButton.innerHTML = icon(clock.playing ? "pause" : "play");
    }
    if (this.length !== clock.numSteps || this.axisName !== axis.name) {
      this.length = clock.numSteps;
      this.axisName = axis.name;
      const total = axis.number(clock.numSteps);
      this.scrubber.max = String(clock.numSteps);
      this.scrubber.setAttribute("aria-label", axis.name.replace(/s$/, ""));
      this.total.textContent = ` / ${total}`;
      this.count.style.minWidth = `${2 * total.length + 3}ch`;
    }
    const place = axis.number(clock.step);
    if (this.place !== place) {
      this.place = place;
      this.now.textContent = place;
      const words = `${axis.words(clock.step)} of ${axis.number(clock.numSteps)}`;
      this.scrubber.setAttribute("aria-valuetext", words);
    }
    this.scrubber.value = String(clock.step);
    const share = clock.numSteps ? (100 * clock.step) / clock.numSteps : 0;
    this.scrubber.style.setProperty("--ov-share", `${share.toFixed(2)}%`);
  }

  /** @param {boolean} on */
  setZoomed(on) {
    this.resetButton.classList.toggle("ov-idle", !on);
  }
}
