"""Drops at chosen moments."""

from math import inf
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob, sequence
from optviz.schedules.base import Schedule, hair, rising_shares


def _refuse(milestones: Any) -> str | None:
    return None if rising_shares(milestones) else "be rising shares of the run, from 0 to 1"


@entry
class MultiStep(Schedule):
    r"""Multiplied by the same factor at each of a list of moments.

    With factor $\gamma$ and milestones $m_1 < m_2 < \dots$ (shares of the run of $T$ steps)

    $$\eta_t = \eta_0\, \gamma^{\#\{i\,:\,m_i T \le t\}}$$

    Reference: He et al. 2016, who drop at half and three quarters on CIFAR-10,
    https://arxiv.org/abs/1512.03385
    """

    name: ClassVar[str] = "multi_step"
    label: ClassVar[str] = "Multi-step"

    factor: float = knob(
        0.1,
        domain=(0, inf),
        typical=(0.05, 1),
        help="What the value is multiplied by at each milestone.",
    )
    milestones: tuple[float, ...] = sequence(
        (0.5, 0.75),
        refuse=_refuse,
        help="When the value drops, as shares of the run.",
    )

    def __call__(
        self, step: jax.Array, num_steps: jax.Array, steps_per_epoch: jax.Array
    ) -> jax.Array:
        times = jnp.asarray(self.milestones, step.dtype) * num_steps
        drops = jnp.sum(times <= step + hair(num_steps), dtype=step.dtype)
        return jnp.asarray(self.factor, step.dtype) ** drops
