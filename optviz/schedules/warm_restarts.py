"""Cosines one after the other, each starting again from the top."""

from math import inf, pi
from typing import ClassVar

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob
from optviz.schedules.base import Schedule, early, stretch, turns


@entry
class WarmRestarts(Schedule):
    r"""SGDR: half a cosine down to a final share $f$, then back to the base value and down again.

    The first cosine takes $T_0 = sT$ of $T$ steps, and each is $g$ times as long as the one before.
    With $t_i$ steps since the last restart and $T_i = T_0 g^i$

    $$\eta_t = \eta_0 \left(f + (1 - f)\,\tfrac12 \left(1 + \cos\frac{\pi t_i}{T_i}\right)\right)$$

    Reference: Loshchilov & Hutter 2017, https://arxiv.org/abs/1608.03983
    """

    name: ClassVar[str] = "warm_restarts"
    label: ClassVar[str] = "Cosine with warm restarts"

    first_cycle: float = knob(
        0.15,
        domain=(0, inf),
        closed="neither",
        typical=(0.02, 1),
        help="How long the first cosine is, as a share of the run.",
    )
    growth: float = knob(
        2.0,
        domain=(1, inf),
        typical=(1, 3),
        help="How many times as long each cosine is as the one before.",
    )
    final: float = knob(
        0.0,
        domain=(0, inf),
        typical=(0, 1),
        help="Share of the base value that is left before each restart.",
    )

    def __call__(
        self, step: jax.Array, num_steps: jax.Array, steps_per_epoch: jax.Array
    ) -> jax.Array:
        first = stretch(self.first_cycle, num_steps)
        grows = self.growth > 1
        rate = jnp.where(grows, self.growth - 1, 1)  # a stand-in where the formula divides by 0
        log = jnp.log1p(rate)

        def begin(cycle: jax.Array) -> jax.Array:
            return jnp.where(grows, first * jnp.expm1(cycle * log) / rate, first * cycle)

        guess = jnp.floor(jnp.log1p(step / first * rate) / log)  # or one beside it
        guess = jnp.where(grows, guess, turns(step, first, num_steps))
        soon = step + early(first, num_steps)
        count = jnp.where(begin(guess) > soon, guess - 1, guess)
        count = jnp.where(begin(guess + 1) <= soon, guess + 1, count)
        length = jnp.where(grows, first * jnp.exp(count * log), first)
        progress = jnp.clip((step - begin(count)) / length, 0, 1)
        return self.final + (1 - self.final) * 0.5 * (1 + jnp.cos(pi * progress))
