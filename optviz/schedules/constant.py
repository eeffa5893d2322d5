"""No schedule at all: the base value throughout."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from optviz.catalog import entry
from optviz.schedules.base import Schedule


@entry
class Constant(Schedule):
    r"""The base value at every step: $\eta_t = \eta_0$.

    Reference: Robbins & Monro 1951 explain why it cannot converge under noise,
    https://doi.org/10.1214/aoms/1177729586
    """

    name: ClassVar[str] = "constant"
    label: ClassVar[str] = "Constant"

    def __call__(
        self, step: jax.Array, num_steps: jax.Array, steps_per_epoch: jax.Array
    ) -> jax.Array:
        return jnp.ones_like(step)
