"""Several schedules as one: their factors multiplied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from optviz.catalog import register
from optviz.schedules.base import Schedule


@dataclass(frozen=True)
class Product(Schedule):
    r"""The product of schedules; a warm-up pushes back what stands after it.

    With leads $l_j$ (how long a warm-up takes; 0 of every other schedule)

    $$\eta_t = \eta_0 \prod_i f_i\Big(t - \sum_{j<i} l_j,\ T - \sum_{j<i} l_j\Big)$$

    so that `warmup * cosine` is a whole cosine over what is left of the run after the warm-up,
    while `linear * cosine` is a cosine over the whole run, times a ramp. Made by `*`; its values
    are traced, and each composition compiles once.
    """

    label: ClassVar[str] = "Product"

    schedules: tuple[Schedule, ...]

    @property
    def parts(self) -> tuple[Schedule, ...]:
        return self.schedules

    @property
    def sees_loss(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        return any(schedule.sees_loss for schedule in self.schedules)

    def __call__(
        self, step: jax.Array, num_steps: jax.Array, steps_per_epoch: jax.Array
    ) -> jax.Array:
        factor = jnp.ones_like(step)
        for schedule in self.schedules:
            factor *= schedule(step, num_steps, steps_per_epoch)
            lead = schedule.lead(num_steps)
            step = jnp.maximum(step - lead, 0)
            num_steps = num_steps - lead
        return factor

    def lead(self, num_steps: jax.Array | float) -> jax.Array | float:
        total: Any = 0.0
        for schedule in self.schedules:
            total += schedule.lead(num_steps - total)
        return total

    def init(self) -> tuple[Any, ...]:
        return tuple(s.init() if s.sees_loss else () for s in self.schedules)

    def observe(self, state: tuple[Any, ...], loss: jax.Array) -> tuple[Any, jax.Array]:
        factor, states = jnp.ones_like(loss), []
        for schedule, own in zip(self.schedules, state, strict=True):
            if schedule.sees_loss:
                own, share = schedule.observe(own, loss)
                factor *= share
            states.append(own)
        return tuple(states), factor


register(Product, ["schedules"], [])
