"""The same share off at every step."""

from math import inf
from typing import ClassVar

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob
from optviz.schedules.base import Schedule


@entry
class Exponential(Schedule):
    r"""Exponential decay in the absolute step.

    $$\eta_t = \eta_0\, e^{-k t}$$

    Reference: as torch.optim.lr_scheduler.ExponentialLR with gamma = exp(-k),
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ExponentialLR.html
    """

    name: ClassVar[str] = "exponential"
    label: ClassVar[str] = "Exponential"

    k: float = knob(
        0.01,
        domain=(0, inf),
        typical=(1e-4, 0.1),
        log=True,
        help="Share that is taken off at every step.",
    )

    def __call__(
        self, step: jax.Array, num_steps: jax.Array, steps_per_epoch: jax.Array
    ) -> jax.Array:
        return jnp.exp(-self.k * step)
