"""Up to the top and down to almost nothing, once."""

from math import pi
from typing import ClassVar

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob, switch
from optviz.schedules.base import Schedule, hair


@entry
class OneCycle(Schedule):
    r"""One rise to the base value, which is the highest, and one long fall far below its start.

    The rise from the share $a$ ends at step $t_1 = pT - 1$, the fall to the share $b$ at
    $t_2 = T - 1$. With $h(u)$ falling from 1 to 0, $\tfrac12(1 + \cos \pi u)$ or $1 - u$,

    $$\eta_t = \eta_0 \cdot \begin{cases}
        1 + (a - 1)\, h(t / t_1) & t \le t_1 \\
        b + (1 - b)\, h\big((t - t_1) / (t_2 - t_1)\big) & t > t_1 \end{cases}$$

    Reference: Smith & Topin 2018, https://arxiv.org/abs/1708.07120, with the steps of
    torch.optim.lr_scheduler.OneCycleLR
    """

    name: ClassVar[str] = "one_cycle"
    label: ClassVar[str] = "One-cycle"

    peak_at: float = knob(
        0.3,
        domain=(0, 1),
        closed="both",
        typical=(0, 0.9),
        help="When the top is reached, as a share of the run.",
    )
    start: float = knob(
        0.04,
        domain=(0, 1),
        closed="both",
        typical=(0, 1),
        help="Share of the base value at the first step.",
    )
    final: float = knob(
        4e-6,
        domain=(0, 1),
        closed="both",
        typical=(0, 1),
        help="Share of the base value at the last step.",
    )
    shape: str = switch(
        "cosine", options=("cosine", "linear"), help="How the value moves between its ends."
    )

    def __call__(
        self, step: jax.Array, num_steps: jax.Array, steps_per_epoch: jax.Array
    ) -> jax.Array:
        top, end, soon = self.peak_at * num_steps - 1, num_steps - 1, hair(num_steps)
        rises, falls = top > soon, end - top > soon  # else it is at the top at once, or at last
        rise = jnp.where(rises, step / jnp.where(rises, top, 1), 1)
        fall = jnp.where(falls, (step - top) / jnp.where(falls, end - top, 1), 1)
        return jnp.where(
            step <= top + soon,
            self._between(self.start, 1, rise),
            self._between(1, self.final, fall),
        )

    def _between(
        self, begin: float | jax.Array, end: float | jax.Array, progress: jax.Array
    ) -> jax.Array:
        progress = jnp.clip(progress, 0, 1)
        if self.shape == "cosine":
            return end + (begin - end) * 0.5 * (1 + jnp.cos(pi * progress))
        return begin + (end - begin) * progress
