"""Drops at equal intervals."""

from math import inf
from typing import ClassVar

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob
from optviz.schedules.base import Schedule, stretch, turns


@entry
class Step(Schedule):
    r"""A staircase: multiplied by the same factor after every interval.

    With factor $\gamma$, interval $s$ (a share of the run of $T$ steps)

    $$\eta_t = \eta_0\, \gamma^{\lfloor t / (s T) \rfloor}$$

    Reference: as torch.optim.lr_scheduler.StepLR with step_size = sT,
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html
    """

    name: ClassVar[str] = "step"
    label: ClassVar[str] = "Step"

    factor: float = knob(
        0.5,
        domain=(0, inf),
        typical=(0.05, 1),
        help="What the value is multiplied by at each drop.",
    )
    interval: float = knob(
        0.25,
        domain=(0, inf),
        closed="neither",
        typical=(0.02, 1),
        help="Time between drops, as a share of the whole run.",
    )

    def __call__(
        self, step: jax.Array, num_steps: jax.Array, steps_per_epoch: jax.Array
    ) -> jax.Array:
        drops = turns(step, stretch(self.interval, num_steps), num_steps)
        return jnp.asarray(self.factor, step.dtype) ** drops
