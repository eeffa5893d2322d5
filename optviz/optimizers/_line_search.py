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


class Trial(NamedTuple):
    """A point on the line."""

    step: jax.Array  # () t
    loss: jax.Array  # () φ(t)
    slope: jax.Array  # () φ'(t)


class Found(NamedTuple):
    """What a search found."""

    step: jax.Array  # () t; 0 where the direction leads nowhere lower
    evaluations: jax.Array  # () int32


class _Search(NamedTuple):
    tried: jax.Array  # () int32
    trial: jax.Array  # () the step to look at next
    low: Trial  # bracketing: the trial before; zooming: the end with the lower loss
    high: Trial  # zooming: the other end
    zooming: jax.Array  # () bool
    stalled: jax.Array  # () bool: the last trial was close to an end
    done: jax.Array  # () bool


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
    start = Trial(nothing, loss, slope)

    def look(step: jax.Array) -> Trial:
        value, slope = jax.jvp(lambda t: loss_fn(params + t * direction), (step,), (jnp.ones_like(step),))
        good = jnp.isfinite(value) & jnp.isfinite(slope)
        return Trial(step, jnp.where(good, value, infinite), jnp.where(good, slope, infinite))

    def body(search: _Search) -> _Search:
        low, high, zooming = search.low, search.high, search.zooming
        new = look(search.trial)
        too_high = new.loss > loss + C1 * new.step * slope
        flat = jnp.abs(new.slope) <= -c2 * slope

        # Bracketing: go on, ever further, until the valley lies between the last two trials.
        higher = too_high | ((search.tried > 1) & (new.loss >= low.loss))
        arrived = ~higher & (flat | ((new.slope < 0) & (new.step >= longest)))
        further = _cubic(low, new, new.step + 0.01 * (new.step - low.step), 10 * new.step)
        further = jnp.minimum(further, longest)
        closed = ~arrived & (higher | (new.slope >= 0))
        new_is_lower = new.loss < low.loss
        # Where no more trials are left, the lower of the start and the last one.
        last = search.tried + 1 > MAX_TRIALS
        fall_back = _where(new.loss < loss, new, start)
        bracket_low = _where(closed & ~new_is_lower, low, _where(last & ~arrived, fall_back, new))
        bracket_high = _where(new_is_lower, low, new)

        # Zooming: keep the valley between the ends, the lower of which meets the first condition.
        worse = too_high | (new.loss >= low.loss)
        past = new.slope * (high.step - low.step) >= 0
        zoom_high = _where(worse, _where(new_is_lower, low, new), _where(past, low, high))
        zoom_low = _where(worse & ~new_is_lower, low, new)

        low = _where(zooming, zoom_low, bracket_low)
        high = _where(zooming, zoom_high, bracket_high)
        done = jnp.where(zooming, ~worse & flat, arrived)
        now_zooming = zooming | closed
        inside, stalled = _inside(low, high, search.stalled & zooming)
        narrow = jnp.abs(high.step - low.step) * reach < NARROWEST
        return _Search(
            tried=search.tried + 1,
            trial=jnp.where(now_zooming, inside, further),
            low=low,
            high=high,
            zooming=now_zooming,
            stalled=stalled,
            done=done | (now_zooming & narrow),
        )

    def going(search: _Search) -> jax.Array:
        return ~search.done & (search.tried <= MAX_TRIALS)

    no = jnp.zeros((), bool)
    downhill = (slope < 0) & jnp.isfinite(loss) & jnp.isfinite(length)
    begin = _Search(
        jnp.zeros((), jnp.int32), jnp.minimum(first, longest), start, start, no, no, ~downhill
    )
    end = jax.lax.while_loop(going, body, begin)
    lower = (end.low.loss <= loss) & jnp.isfinite(end.low.step)
    return Found(jnp.where(lower & downhill, end.low.step, nothing), end.tried)


def _where(condition: jax.Array, one: Trial, other: Trial) -> Trial:
    return Trial(*(jnp.where(condition, a, b) for a, b in zip(one, other, strict=True)))


def _cubic(one: Trial, other: Trial, low: jax.Array, high: jax.Array) -> jax.Array:
    """Where the cubic through two trials and their slopes is lowest, kept within bounds.

    Halfway between the bounds where that cubic has no lowest point.
    """
    swap = one.step > other.step
    left, right = _where(swap, other, one), _where(swap, one, other)
    width = right.step - left.step
    width = jnp.where(width > 0, width, 1)
    d1 = left.slope + right.slope - 3 * (right.loss - left.loss) / width
    square = d1**2 - left.slope * right.slope
    d2 = jnp.sqrt(jnp.maximum(square, 0))
    share = (right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2)
    step = right.step - (right.step - left.step) * share
    good = (square >= 0) & jnp.isfinite(step)
    return jnp.where(good, jnp.clip(step, low, high), (low + high) / 2)


def _inside(low: Trial, high: Trial, stalled: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The next trial between two ends; twice in a row close to one of them, it moves off."""
    left, right = jnp.minimum(low.step, high.step), jnp.maximum(low.step, high.step)
    step = _cubic(low, high, left, right)
    margin = 0.1 * (right - left)
    close = jnp.minimum(right - step, step - left) < margin
    push = close & (stalled | (step >= right) | (step <= left))
    pushed = jnp.where(right - step < step - left, right - margin, left + margin)
    return jnp.where(push, pushed, step), close & ~push


def first_step(grads: jax.Array) -> jax.Array:
    """The step along the gradient that is tried when nothing is known of the curvature."""
    size = jnp.sum(jnp.abs(grads))
    return jnp.minimum(1, 1 / jnp.where(size > 0, size, 1))
