"""Up, level for most of the run, and down at the very end."""

from math import pi
from typing import ClassVar

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob, switch
from optviz.schedules.base import Schedule, hair


@entry
class WarmupStableDecay(Schedule):
    r"""A trapezoid: a linear rise, a plateau whose length need not be known, and a short fall.

    With a rise of $wT$ and a fall of $dT$ of $T$ steps to a final share $f$, and $h(u)$ from 1 to 0

    $$\eta_t = \eta_0 \min\!\left(\tfrac{t}{wT}, 1\right)
        \left(f + (1 - f)\, h\!\left(\max\!\left(\tfrac{t - (1-d)T}{dT}, 0\right)\right)\right)$$

    $h$ is $1 - u$, $\tfrac12(1 + \cos \pi u)$ or $1 - \sqrt u$.

    Reference: Hu et al. 2024, https://arxiv.org/abs/2404.06395
    """

    name: ClassVar[str] = "warmup_stable_decay"
    label: ClassVar[str] = "Warm-up, stable, decay"

    warmup: float = knob(
        0.1,
        domain=(0, 1),
        typical=(0, 0.5),
        help="How long the rise takes, as a share of the run.",
    )
    decay: float = knob(
        0.2,
        domain=(0, 1),
        closed="right",
        typical=(0.01, 1),
        help="How long the fall takes, as a share of the run.",
    )
    final: float = knob(
        0.0,
        domain=(0, 1),
        closed="both",
        typical=(0, 1),
        help="Share of the base value that is left at the end of the run.",
    )
    shape: str = switch("linear", options=("linear", "cosine", "sqrt"), help="How the value falls.")

    def __call__(
        self, step: jax.Array, num_steps: jax.Array, steps_per_epoch: jax.Array
    ) -> jax.Array:
        length = self.warmup * num_steps
        risen = jnp.where(step < length, step / jnp.where(length > 0, length, 1), 1)
        # A share below what the format holds may be 0 for the processor: a fall at once, not 0 / 0.
        decay = jnp.maximum(self.decay * num_steps, jnp.finfo(jnp.asarray(num_steps).dtype).tiny)
        past = step - (num_steps - decay)
        # The root of a rounding error is a hundred million times as much.
        fallen = jnp.clip(jnp.where(past > hair(num_steps), past, 0) / decay, 0, 1)
        left = {
            "linear": 1 - fallen,
            "cosine": 0.5 * (1 + jnp.cos(pi * fallen)),
            "sqrt": 1 - jnp.sqrt(fallen),
        }[self.shape]
        return risen * (self.final + (1 - self.final) * left)
