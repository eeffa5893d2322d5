"""A linear rise from almost nothing, in front of any other schedule."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob
from optviz.schedules.base import Schedule


@entry
class Warmup(Schedule):
    r"""A linear rise to the base value; what follows starts when it is over.

    Over the first $w = sT$ of $T$ steps, from the share $f$ of the base value

    $$\eta_t = \eta_0 \left(f + (1 - f) \min\left(\tfrac{t}{w}, 1\right)\right)$$

    Alone it stays at the base value afterwards. In front of another schedule, `warmup * cosine`,
    that one runs over the $T - w$ steps that are left.

    Reference: Goyal et al. 2017, https://arxiv.org/abs/1706.02677
    """

    name: ClassVar[str] = "warmup"
    label: ClassVar[str] = "Warm-up"

    share: float = knob(
        0.1,
        domain=(0, 1),
        typical=(0, 0.5),
        help="How long the rise takes, as a share of the run.",
    )
    start: float = knob(
        0.0,
        domain=(0, 1),
        closed="both",
        typical=(0, 1),
        help="Share of the base value that the rise begins at.",
    )

    def __call__(
        self, step: jax.Array, num_steps: jax.Array, steps_per_epoch: jax.Array
    ) -> jax.Array:
        length = self.share * num_steps
        risen = jnp.where(step < length, step / jnp.where(length > 0, length, 1), 1)
        return self.start + (1 - self.start) * risen

    def lead(self, num_steps: jax.Array | float) -> jax.Array | float:
        return self.share * num_steps
