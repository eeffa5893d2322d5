// The playhead's clock: steps a second, whatever the screen's refresh rate.

export const BASE_RATE = 60; // steps a second at speed 1
const LOOP_PAUSE = 0.7; // seconds shown at the end before a loop starts again

export class Clock {
  constructor() {
    this.step = 0;
    this.numSteps = 0;
    this.perStep = 1; // length of a step where the axis has another unit
    this.speed = 1;
    this.loop = false;
    this.playing = false;
    this.live = false;
    this.waited = 0;
  }

  /**
   * A new length; the playhead stays, or follows the end of live data. Empty data start at 0.
   * @type {(numSteps: number, live: boolean, perStep?: number) => void}
   */
  resize(numSteps, live, perStep = 1) {
    // the last message of live data says that no more will come: it is followed too
    const follows = (live || this.live) && this.step >= this.numSteps - 1e-9;
    this.perStep = perStep;
    this.numSteps = Math.max(0, numSteps);
    this.live = live;
    this.step = follows ? this.numSteps : Math.min(this.step, this.numSteps);
    if (this.playing && this.step >= this.numSteps && !this.loop && !live) this.playing = false;
  }

  /** @param {number} step */
  seek(step) {
    this.step = Math.max(0, Math.min(this.numSteps, step));
    this.waited = 0;
  }

  /** Starts, from the beginning where the playhead stands at the end. */
  play() {
    if (this.numSteps <= 0) return;
    if (this.step >= this.numSteps && !this.live) this.step = 0;
    this.waited = 0;
    this.playing = true;
  }

  pause() {
    this.playing = false;
  }

  /** Moves on by `seconds`; returns whether the playhead moved. @param {number} seconds */
  advance(seconds) {
    if (!this.playing) return false;
    const before = this.step;
    if (this.step >= this.numSteps && this.loop) {
      this.waited += seconds;
      if (this.waited >= LOOP_PAUSE) this.seek(0);
      return this.step !== before;
    }
    // a tab that slept must not jump
    const moved = Math.min(seconds, 0.1) * BASE_RATE * this.speed * this.perStep;
    this.step = Math.min(this.numSteps, this.step + moved);
    if (this.step >= this.numSteps && !this.loop) this.playing = false;
    return this.step !== before;
  }
}
