"""What a rule keeps from one step to the next, counted and not claimed."""

from __future__ import annotations

import math
from functools import cache

import jax
import jax.numpy as jnp

from optviz.optimizers import Optimizer

LAYER = (256, 64)  # the weights of a small layer: not square, so that the two sides tell apart


@cache
def state_per_param(cls: type[Optimizer], shape: tuple[int, ...] = LAYER) -> float | None:
    """Numbers in the state for each number in params, for one weight array of `shape`.

    Shapes are traced and nothing is allocated. None: the rule has no state for such an array.
    """
    try:
        state = jax.eval_shape(lambda p: cls().init(p), jax.ShapeDtypeStruct(shape, jnp.float32))
    except (TypeError, ValueError):
        return None
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(state)) / math.prod(shape)


def in_copies(count: float | None) -> str:
    """`2 × params`, `none` or `–`."""
    if count is None:
        return "–"
    if count < 0.005:  # a counter or two
        return "none"
    return f"{count:,.3g} × params" if count < 100 else f"{count:,.0f} × params"
