// The playhead as it moves: frames that follow each other, and what keys and buttons do to it.

import { Clock } from "./data/clock.js";

export class Playback {
  /**
   * @param {() => void} paint
   * @param {() => void} rested called when the playhead has come to stand elsewhere
   */
  constructor(paint, rested) {
    this.paint = paint;
    this.rested = rested;
    this.clock = new Clock();
    this.request = 0;
    this.last = 0; // when the frame before was drawn, while the clock runs
  }

  /** Asks for a frame; frames follow each other while the clock runs. */
  wake() {
    if (this.request) return;
    this.request = requestAnimationFrame((now) => {
      const { clock } = this;
      this.request = 0;
      const { playing } = clock;
      if (playing && this.last) clock.advance((now - this.last) / 1000);
      this.last = clock.playing ? now : 0;
      this.paint();
      if (clock.playing) this.wake();
      else if (playing) this.rested();
    });
  }

  toggle() {
    const { clock } = this;
    if (clock.playing) clock.pause();
    else clock.play();
    this.last = 0;
    if (!clock.playing) this.rested();
    this.wake();
  }

  /** Moves by whole steps. @param {number} by */
  nudge(by) {
    const { clock } = this;
    const at = clock.step / clock.perStep;
    const whole = by < 0 ? Math.ceil(at - 1e-6) : Math.floor(at + 1e-6);
    this.seek((whole + by) * clock.perStep);
  }

  /** @param {number} place */
  seek(place) {
    this.clock.pause();
    this.clock.seek(place);
    this.wake();
    this.rested();
  }

  stop() {
    cancelAnimationFrame(this.request);
  }
}
