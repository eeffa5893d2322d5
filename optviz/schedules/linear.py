"""A straight line from one share of the base value to another."""

from math import inf
from typing import ClassVar

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob
from optviz.schedules.base import Schedule, stretch


@entry
class Linear(Schedule):
    r"""A straight line between two shares of the base value, then the second one.

    Over the first $sT$ of $T$ steps, from the share $a$ to the share $b$

    $$\eta_t = \eta_0 \left(a + (b - a) \min\left(\tfrac{t}{sT}, 1\right)\right)$$

    The warm-up of momentum from 0.1 to 0.9 is this schedule on the knob `momentum`, whose base
    value is then 0.9, with $a = 0.1/0.9$ and $b = 1$.

    Reference: as torch.optim.lr_scheduler.LinearLR with total_iters = sT,
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LinearLR.html
    """

    name: ClassVar[str] = "linear"
    label: ClassVar[str] = "Linear"

    start: float = knob(
        1.0,
        domain=(0, inf),
        typical=(0, 1),
        help="Share of the base value at the first step.",
    )
    end: float = knob(
        0.0,
        domain=(0, inf),
        typical=(0, 1),
        help="Share of the base value at the end of the line and after it.",
    )
    share: float = knob(
        1.0,
        domain=(0, inf),
        closed="neither",
        typical=(0.02, 1),
        help="How long the line is, as a share of the run.",
    )

    def __call__(
        self, step: jax.Array, num_steps: jax.Array, steps_per_epoch: jax.Array
    ) -> jax.Array:
        done = jnp.clip(step / stretch(self.share, num_steps), 0, 1)
        return self.start + (self.end - self.start) * done
