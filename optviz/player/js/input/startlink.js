// Sends a dragged start to Python no faster than Python answers.

export const PATIENCE = 120; // ms after which the next start goes out although no answer came

/** At most one start on its way; in between only the newest waits. The last one is never lost. */
export class StartLink {
  /**
   * @param {(start: {x, y, dragging}) => void} send
   * @param {{now, later, cancel}} [time] for tests
   */
  constructor(send, time) {
    this.send = send;
    this.time = time || {
      now: () => performance.now(),
      later: (act, ms) => setTimeout(act, ms),
      cancel: (id) => clearTimeout(id),
    };
    this.sentAt = -Infinity;
    this.waiting = null;
    this.timer = null;
  }

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
