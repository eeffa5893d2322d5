"""One line search for all rules that follow a direction: strong Wolfe, by bracketing and zooming.

A step t along a direction d from x is long enough and short enough when, with φ(t) = f(x + t d),

    φ(t) ≤ φ(0) + c1 t φ'(0)    (it goes down by a fair share)
    |φ'(t)| ≤ c2 |φ'(0)|        (the slope is nearly gone)

Nocedal & Wright 2006, algorithms 3.5 and 3.6, with the safeguards of PyTorch's L-BFGS, so that the
two walk the same path. The whole search is one loop around one evaluation: bracketing and zooming
are two ways to choose the next trial. That keeps the loss in the compiled program once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

MAX_TRIALS = 25
C1 = 1e-4
NARROWEST = 1e-9  # a bracket whose ends are no further apart than this, in params, is not cut
# A loss without lower bound has no end to find: a step may be so many times as long as params.
LONGEST = 10.0


# A point on the line is one array (3,) of t, φ(t) and φ'(t): XLA makes a kernel of every result of
# a loop, and kernels are what takes time to compile.
STEP, LOSS, SLOPE = range(3)
BRACKETING, ZOOMING, STALLED, DONE = range(4)


class Found(NamedTuple):
    """What a search found."""

    step: jax.Array  # () t; 0 where the direction leads nowhere lower
    evaluations: jax.Array  # () int32


class _Search(NamedTuple):
    tried: jax.Array  # () int32
    trial: jax.Array  # () the step to look at next
    low: jax.Array  # (3,) bracketing: the trial before; zooming: the end with the lower loss
    high: jax.Array  # (3,) zooming: the other end
    stage: jax.Array  # () int32; stalled: zooming, and the last trial was close to an end


def strong_wolfe(
    loss_fn: Callable[[jax.Array], jax.Array],
    params: jax.Array,
    direction: jax.Array,
    loss: jax.Array,
    slope: jax.Array,
    first: jax.Array,
    c2: float | jax.Array,
) -> Found:
    """A step along `direction` that meets both conditions.

    Where none is found in 26 evaluations, the lowest end of the last bracket is taken; where that
    is the start itself, or the direction does not lead down, the step is 0. It is never uphill and
    never NaN: what is not finite counts as infinitely high.

    Args:
        loss_fn: (n,) -> ().
        params: (n,), the start.
        direction: (n,).
        loss: () at the start.
        slope: () along the direction at the start.
        first: () the step that is tried first.
        c2: share of the slope that may be left.
    """
    dtype = params.dtype
    infinite, nothing = jnp.asarray(np.inf, dtype), jnp.zeros((), dtype)
    reach = jnp.max(jnp.abs(direction))
    length = jnp.sqrt(jnp.sum(direction**2))
    room = LONGEST * jnp.maximum(1, jnp.sqrt(jnp.sum(params**2)))
    longest = room / jnp.where(length > 0, length, 1)
    start = jnp.stack([nothing, loss, slope])

    def look(step: jax.Array) -> jax.Array:
        value, slope = jax.jvp(
            lambda t: loss_fn(params + t * direction), (step,), (jnp.ones_like(step),)
        )
        good = jnp.isfinite(value) & jnp.isfinite(slope)
        return jnp.stack([step, *(jnp.where(good, v, infinite) for v in (value, slope))])

    def body(search: _Search) -> _Search:
        tried, trial, low, high, stage = search
        new = look(trial)
        zooming = stage != BRACKETING
        too_high = new[LOSS] > loss + C1 * trial * slope
        flat = jnp.abs(new[SLOPE]) <= -c2 * slope
        lower = new[LOSS] < low[LOSS]
        # Bracketing: go on, ever further, until the valley lies between the last two trials.
        higher = too_high | ((tried > 1) & ~lower)
        arrived = ~higher & (flat | ((new[SLOPE] < 0) & (trial >= longest)))
        closed = ~arrived & (higher | (new[SLOPE] >= 0))
        # Zooming: keep the valley between the ends, the lower of which meets the first condition.
        worse = too_high | ~lower
        past = new[SLOPE] * (high[STEP] - low[STEP]) >= 0

        stays = jnp.where(zooming, worse, closed) & ~lower  # the lower end, as it is
        keeps = zooming & ~worse & ~past  # the other end, as it is
        high = jnp.where(keeps, high, jnp.where(stays, new, low))
        low = jnp.where(stays, low, new)
        done = jnp.where(zooming, ~worse & flat, arrived)
        zooming = zooming | closed

        left, right = jnp.minimum(low[STEP], high[STEP]), jnp.maximum(low[STEP], high[STEP])
        width = right - left
        step = _cubic(
            low,
            high,
            jnp.where(zooming, left, right + 0.01 * width),
            jnp.where(zooming, right, jnp.minimum(10 * right, longest)),
        )
        # Twice in a row close to one of the ends, the next trial moves off.
        margin = 0.1 * width
        close = zooming & (jnp.minimum(right - step, step - left) < margin)
        push = close & ((stage == STALLED) | (step >= right) | (step <= left))
        pushed = jnp.where(right - step < step - left, right - margin, left + margin)
        done = done | (zooming & (width * reach < NARROWEST))
        going_on = jnp.where(close & ~push, STALLED, jnp.where(zooming, ZOOMING, BRACKETING))
        return _Search(
            tried + 1,
            jnp.where(push, pushed, step),
            low,
            high,
            jnp.where(done, DONE, going_on).astype(jnp.int32),
        )

    def going(search: _Search) -> jax.Array:
        return (search.stage != DONE) & (search.tried <= MAX_TRIALS)

    downhill = (slope < 0) & jnp.isfinite(loss) & jnp.isfinite(length)
    stage = jnp.where(downhill, BRACKETING, DONE).astype(jnp.int32)
    begin = _Search(jnp.zeros((), jnp.int32), jnp.minimum(first, longest), start, start, stage)
    end = jax.lax.while_loop(going, body, begin)
    lower = downhill & (end.low[LOSS] <= loss)
    return Found(jnp.where(lower, end.low[STEP], nothing), end.tried)


def _cubic(one: jax.Array, other: jax.Array, lowest: jax.Array, highest: jax.Array) -> jax.Array:
    """Where the cubic through two trials and their slopes is lowest, kept within bounds.

    Halfway between the bounds where that cubic has no lowest point.
    """
    swap = one[STEP] > other[STEP]
    left, right = jnp.where(swap, other, one), jnp.where(swap, one, other)
    width = right[STEP] - left[STEP]
    d1 = left[SLOPE] + right[SLOPE] - 3 * (right[LOSS] - left[LOSS]) / width
    square = d1**2 - left[SLOPE] * right[SLOPE]
    d2 = jnp.sqrt(jnp.maximum(square, 0))
    share = (right[SLOPE] + d2 - d1) / (right[SLOPE] - left[SLOPE] + 2 * d2)
    step = right[STEP] - width * share
    good = (square >= 0) & jnp.isfinite(step)
    return jnp.where(good, jnp.clip(step, lowest, highest), (lowest + highest) / 2)


def first_step(grads: jax.Array) -> jax.Array:
    """The step along the gradient that is tried when nothing is known of the curvature."""
    size = jnp.sum(jnp.abs(grads))
    return jnp.minimum(1, 1 / jnp.where(size > 0, size, 1))
