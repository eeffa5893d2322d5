// The horizontal axis: steps, epochs, samples or seconds, and every run's own place on it.

import { minus } from "./scales.js";

/** @import { AxisKind, Header, Member, Samples } from "./message.js" */

/** @type {Record<AxisKind, string>} */
export const AXIS_NAMES = {
  step: "Steps",
  epoch: "Epochs",
  sample: "Samples",
  second: "Seconds",
};

/**
 * A piecewise linear map through rising points; beyond them it goes on with its mean slope.
 * @type {(xs: ArrayLike<number>, ys: ArrayLike<number>, x: number) => number}
 */
export function interpolate(xs, ys, x) {
  const last = xs.length - 1;
  if (last < 1) return ys[0];
  if (x > xs[last]) return ys[last] + ((x - xs[last]) * ys[last]) / (xs[last] || 1);
  let [low, high] = [0, last];
  // the last point at or before x: where time passes without a step, the later moment counts
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (xs[middle] <= x) low = middle;
    else high = middle - 1;
  }
  if (low === last) return ys[last];
  const u = (x - xs[low]) / (xs[low + 1] - xs[low]);
  return ys[low] + u * (ys[low + 1] - ys[low]);
}

/**
 * Images seen after so many steps: the last batch of an epoch may be smaller than the others.
 * @type {(step: number, per: number, samples: Samples) => number}
 */
export function samplesAt(step, per, { epoch, batch }) {
  const whole = Math.floor(step / per);
  const [left, full] = [step - whole * per, per - 1];
  const of = left <= full ? left * batch : full * batch + (left - full) * (epoch - full * batch);
  return whole * epoch + of;
}

/**
 * `samplesAt` backwards.
 * @type {(samples: number, per: number, of: Samples) => number}
 */
export function stepsFor(samples, per, { epoch, batch }) {
  const whole = Math.floor(samples / epoch);
  const [left, full] = [samples - whole * epoch, (per - 1) * batch];
  return whole * per + (left <= full ? left / batch : per - 1 + (left - full) / (epoch - full));
}

export class Axis {
  /**
   * @param {AxisKind} kind
   * @param {Pick<Header, "num_steps" | "members">} header without members, steps are all there is
   */
  constructor(kind, header) {
    this.kind = kind;
    /** @type {Member[]} */
    this.members = header.members || [];
    this.numSteps = header.num_steps;
    this.longest = this.members.reduce(
      (best, member, i) => (member.num_steps > this.members[best].num_steps ? i : best),
      0,
    );
    const ends = this.members.map((member, i) => this.at(i, member.num_steps));
    /** The greatest place that anyone has reached. */
    this.span = kind === "step" ? header.num_steps : Math.max(...ends, 0);
    /** Length of a step of the longest run. */
    this.perStep = kind === "step" ? 1 : this.span / Math.max(1, header.num_steps) || 1;
  }

  get name() {
    return AXIS_NAMES[this.kind];
  }

  /**
   * A member's place after so many steps.
   * @type {(member: number, step: number) => number}
   */
  at(member, step) {
    if (this.kind === "step") return step;
    const { steps_per_epoch: per = 1, samples, clock } = this.members[member];
    if (this.kind === "sample" && samples) return samplesAt(step, per, samples);
    if (this.kind === "second" && clock)
      return interpolate(clock.steps.data, clock.seconds.data, step);
    return step / per;
  }

  /**
   * Steps that a member had done at a place.
   * @type {(member: number, place: number) => number}
   */
  stepAt(member, place) {
    if (this.kind === "step") return place;
    const { steps_per_epoch: per = 1, samples, clock } = this.members[member];
    if (this.kind === "sample" && samples) return stepsFor(place, per, samples);
    if (this.kind === "second" && clock)
      return interpolate(clock.seconds.data, clock.steps.data, place);
    return place * per;
  }

  /**
   * Places of many steps; several members stand where they stand on average.
   * @type {(members: number[], steps: ArrayLike<number>) => Float64Array}
   */
  places(members, steps) {
    const out = new Float64Array(steps.length);
    for (const member of members)
      for (let i = 0; i < out.length; i++) out[i] += this.at(member, steps[i]) / members.length;
    return out;
  }

  /** The step that the longest run had reached at a place. @param {number} place */
  reference(place) {
    if (this.kind === "step") return place;
    return Math.min(this.numSteps, this.stepAt(this.longest, place));
  }

  /** The place of a whole step, where the axis counts them. @param {number} place */
  whole(place) {
    return this.kind === "step" ? Math.round(place) : place;
  }

  /** The place as the controls write it. @param {number} place */
  number(place) {
    if (this.kind === "step") return String(Math.floor(place + 1e-9));
    if (this.kind === "sample") return Math.floor(place + 1e-6).toLocaleString("en");
    if (this.kind === "epoch") return place.toFixed(this.span < 10 ? 2 : 1);
    return minus(place.toFixed(this.span < 10 ? 2 : this.span < 1000 ? 1 : 0));
  }

  /** The place in words. @param {number} place */
  words(place) {
    const number = this.number(place);
    return this.kind === "second" ? `${number} s` : `${this.kind} ${number}`;
  }
}
