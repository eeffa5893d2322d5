"""Half a cosine: slow, fast, slow."""

from math import inf, pi
from typing import ClassVar

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob
from optviz.schedules.base import Schedule


@entry
class Cosine(Schedule):
    r"""Half a cosine wave from the base value down to a final share $f$ of it, over the whole run.

    $$\eta_t = \eta_0 \left(f + (1 - f)\,\tfrac12 \left(1 + \cos \frac{\pi t}{T}\right)\right)$$

    Reference: Loshchilov & Hutter 2017, without restarts, https://arxiv.org/abs/1608.03983
    """

    name: ClassVar[str] = "cosine"
    label: ClassVar[str] = "Cosine"

    final: float = knob(
        0.0,
        domain=(0, inf),
        typical=(0, 1),
        help="Share of the base value that is left at the end of the run.",
    )

    def __call__(
        self, step: jax.Array, num_steps: jax.Array, steps_per_epoch: jax.Array
    ) -> jax.Array:
        progress = jnp.clip(step / num_steps, 0, 1)
        return self.final + (1 - self.final) * 0.5 * (1 + jnp.cos(pi * progress))
