"""1/t decay: fast at first, then ever slower."""

from math import inf
from typing import ClassVar

import jax

from optviz.catalog import entry, knob
from optviz.schedules.base import Schedule


@entry
class InverseTime(Schedule):
    r"""Hyperbolic decay in the absolute step.

    $$\eta_t = \frac{\eta_0}{1 + k t}$$

    Its sum diverges and the sum of its squares does not, which is what convergence under noise
    asks for.

    Reference: Robbins & Monro 1951, https://doi.org/10.1214/aoms/1177729586
    """

    name: ClassVar[str] = "inverse_time"
    label: ClassVar[str] = "Inverse time"

    k: float = knob(
        0.01,
        domain=(0, inf),
        typical=(1e-4, 1),
        log=True,
        help="How fast it falls: after 1/k steps half is left.",
    )

    def __call__(
        self, step: jax.Array, num_steps: jax.Array, steps_per_epoch: jax.Array
    ) -> jax.Array:
        return 1 / (1 + self.k * step)
