"""A power of what is left of the run."""

from math import inf
from typing import ClassVar

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob
from optviz.schedules.base import Schedule


@entry
class Polynomial(Schedule):
    r"""A power of the share of the run that is left, down to a final share $f$ of the base value.

    $$\eta_t = \eta_0 \left(f + (1 - f) \left(1 - \tfrac{t}{T}\right)^p\right)$$

    With $p = 1$ a straight line; above 1 it bends down at once and ends flat, below 1 it stays high
    and falls at the end.

    Reference: Chen et al. 2018, the `poly` policy, https://arxiv.org/abs/1606.00915
    """

    name: ClassVar[str] = "polynomial"
    label: ClassVar[str] = "Polynomial"

    power: float = knob(
        0.9,
        domain=(0, inf),
        closed="neither",
        typical=(0.2, 5),
        log=True,
        help="Power of the share of the run that is left: 1 is a straight line.",
    )
    final: float = knob(
        0.0,
        domain=(0, inf),
        typical=(0, 1),
        help="Share of the base value that is left at the end of the run.",
    )

    def __call__(
        self, step: jax.Array, num_steps: jax.Array, steps_per_epoch: jax.Array
    ) -> jax.Array:
        left = jnp.clip(1 - step / num_steps, 0, 1)
        return self.final + (1 - self.final) * left**self.power
