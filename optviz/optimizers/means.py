"""Running means of pytrees, which rules keep of gradients and of their squares."""

from __future__ import annotations

import jax

from optviz.optimizers.base import Params


def running_mean(decay: float, mean: Params, new: Params) -> Params:
    """The mean with something new in it, which counts 1 - decay."""
    return jax.tree.map(lambda m, g: decay * m + (1 - decay) * g, mean, new)


def running_mean_square(decay: float, mean: Params, new: Params) -> Params:
    """The mean of squares with the square of something new in it, which counts 1 - decay."""
    return jax.tree.map(lambda v, g: decay * v + (1 - decay) * g**2, mean, new)
