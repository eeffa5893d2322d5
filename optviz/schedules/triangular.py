"""Up and down in straight lines, again and again."""

from math import inf
from typing import ClassVar

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob
from optviz.schedules.base import Schedule, stretch, turns


@entry
class Triangular(Schedule):
    r"""Cyclical rates: triangles between a low share of the base value and the base value.

    A cycle takes $cT$ of $T$ steps, the share $r$ of it upwards. At the place $x \in [0, 1)$ within
    the cycle number $n = 0, 1, \dots$, with a low share $a$ and shrinkage $q$

    $$\eta_t = \eta_0 \left(a + (1 - a)\, q^n\,
        \min\!\left(\tfrac{x}{r},\ \tfrac{1 - x}{1 - r}\right)\right)$$

    With $q = 1/2$ this is the paper's `triangular2`.

    Reference: Smith 2017, https://arxiv.org/abs/1506.01186
    """

    name: ClassVar[str] = "triangular"
    label: ClassVar[str] = "Triangular"

    low: float = knob(
        0.1,
        domain=(0, 1),
        closed="both",
        typical=(0, 1),
        help="Share of the base value at the bottom of each triangle.",
    )
    cycle: float = knob(
        0.25,
        domain=(0, inf),
        closed="neither",
        typical=(0.02, 1),
        help="How long one triangle is, as a share of the run.",
    )
    rise: float = knob(
        0.5,
        domain=(0, 1),
        closed="neither",
        typical=(0.05, 0.95),
        help="Share of a triangle that goes up.",
    )
    shrink: float = knob(
        1.0,
        domain=(0, 1),
        closed="both",
        typical=(0.2, 1),
        help="How high each triangle is, as a share of the one before.",
    )

    def __call__(
        self, step: jax.Array, num_steps: jax.Array, steps_per_epoch: jax.Array
    ) -> jax.Array:
        length = stretch(self.cycle, num_steps)
        number = turns(step, length, num_steps)
        place = jnp.maximum(step / length - number, 0)
        rise = jnp.maximum(self.rise, 1e-30)  # what is smaller may be rounded to 0, and 0/0 is none
        height = jnp.minimum(place / rise, (1 - place) / (1 - rise))
        shrunk = jnp.asarray(self.shrink, step.dtype) ** number
        return self.low + (1 - self.low) * shrunk * height
