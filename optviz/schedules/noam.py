"""A linear rise and then one over the square root, as the first transformers had."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob
from optviz.schedules.base import Schedule


@entry
class Noam(Schedule):
    r"""A linear warm-up to the base value, then decay with the square root of the step.

    With steps $t = 1, 2, \dots$ and a warm-up of $w = sT$ of $T$ steps

    $$\eta_t = \eta_0 \min\!\left(\frac{t}{w}, \sqrt{\frac{w}{t}}\right)$$

    The paper's rate, $d^{-1/2} \min(t^{-1/2}, t\,w^{-3/2})$, is this with
    $\eta_0 = (d\,w)^{-1/2}$; there $w$ is 4,000 of 100,000 steps.

    Reference: Vaswani et al. 2017, section 5.3, https://arxiv.org/abs/1706.03762
    """

    name: ClassVar[str] = "noam"
    label: ClassVar[str] = "Noam"

    warmup: float = knob(
        0.04,
        domain=(0, 1),
        closed="right",
        typical=(0.01, 1),
        help="When the top is reached, as a share of the run.",
    )

    def __call__(
        self, step: jax.Array, num_steps: jax.Array, steps_per_epoch: jax.Array
    ) -> jax.Array:
        ratio = (step + 1) / jnp.maximum(self.warmup * num_steps, 1)
        return jnp.minimum(ratio, jax.lax.rsqrt(ratio))
