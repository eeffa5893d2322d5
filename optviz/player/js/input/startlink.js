// Sends a dragged start to Python no faster than Python answers.

export const PATIENCE = 120; // ms after which the next start goes out although no answer came

/** @typedef {{x: number, y: number, dragging: boolean}} Start */
/**
 * @typedef {object} Time
 * @property {() => number} now milliseconds
 * @property {(act: () => void, ms: number) => number} later
 * @property {(id: number) => void} cancel
 */

/** @type {Time} */
const REAL = {
  now: () => performance.now(),
  later: (act, ms) => window.setTimeout(act, ms),
  cancel: (id) => clearTimeout(id),
};

/** At most one start on its way; in between only the newest waits. The last one is never lost. */
export class StartLink {
  /**
   * @param {(start: Start) => void} send
   * @param {Time} [time] for tests
   */
  constructor(send, time = REAL) {
    this.send = send;
    this.time = time;
    this.sentAt = -Infinity;
    /** @type {Start | null} */
    this.waiting = null;
    /** @type {number | null} */
    this.timer = null;
  }

  /** @type {(x: number, y: number, dragging: boolean) => void} */
  offer(x, y, dragging) {
    this.waiting = { x, y, dragging };
    if (!dragging) this.flush();
    else this.pump();
  }

  /** New data came: the next start may go. */
  answered() {
    this.sentAt = -Infinity;
    this.flush();
  }

  pump() {
    if (!this.waiting || this.timer !== null) return;
    const rest = this.sentAt + PATIENCE - this.time.now();
    if (rest <= 0) this.flush();
    else this.timer = this.time.later(() => this.flush(), rest);
  }

  flush() {
    if (this.timer !== null) this.time.cancel(this.timer);
    this.timer = null;
    const start = this.waiting;
    this.waiting = null;
    if (!start) return;
    this.sentAt = this.time.now();
    this.send(start);
  }

  stop() {
    if (this.timer !== null) this.time.cancel(this.timer);
    this.timer = null;
    this.waiting = null;
  }
}
