"""What every schedule is: a factor on a knob's base value, as a function of the step."""

from __future__ import annotations

import itertools
import math
import numbers
from typing import TYPE_CHECKING, Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from optviz.catalog import Entry

if TYPE_CHECKING:
    from optviz.schedules.product import Product


class Schedule(Entry):
    """A shape over the run, multiplied with the base value of the knob that it schedules.

    Schedules compose: `Warmup() * Cosine() * Step()` is one schedule too, see `Product`.

    Most are functions of the step alone, and are evaluated before the run. One that declares
    `sees_loss` has a state besides: after each epoch `observe` is told the loss, and the factor
    that it returns is multiplied with that of `__call__` until it is told the next one.
    """

    sees_loss: ClassVar[bool] = False

    @property
    def parts(self) -> tuple[Schedule, ...]:
        """The schedules that are multiplied: itself, unless it is a product."""
        return (self,)

    def __call__(
        self, step: jax.Array, num_steps: jax.Array, steps_per_epoch: jax.Array
    ) -> jax.Array:
        """The factor at a step.

        Args:
            step: () floating, counts from 0.
            num_steps: () floating, length of the run; a step may lie past it.
            steps_per_epoch: () floating; 1 on a surface, where every step sees the whole loss.

        Returns:
            () floating, finite.
        """
        raise NotImplementedError

    def lead(self, num_steps: jax.Array | float) -> jax.Array | float:
        """How many steps pass before the schedules that stand after this one in a product begin."""
        return 0.0

    def init(self) -> Any:
        """The state before the first loss; only of a schedule that sees it."""
        raise NotImplementedError

    def observe(self, state: Any, loss: jax.Array) -> tuple[Any, jax.Array]:
        """The next state and the factor () from now on, given the loss () after an epoch."""
        raise NotImplementedError

    def __mul__(self, other: Schedule) -> Product:
        """Both at once: `Warmup() * Cosine()`."""
        from optviz.schedules.product import Product

        if not isinstance(other, Schedule):
            return NotImplemented
        return Product((*self.parts, *other.parts))


def hair(num_steps: Any) -> Any:
    """How many steps early something happens at most: () for a run of () floating steps.

    A share of the run times its length is seldom the whole number that it stands for: 0.07 · 100
    is 7.000000000000001. What rounding can do to a moment grows with the run; a moment that is
    later than a step by less than this is that step's.
    """
    eps = float(np.finfo(getattr(num_steps, "dtype", np.float64)).eps)
    return 1e-9 + 32 * eps * num_steps


def stretch(share: Any, num_steps: jax.Array) -> jax.Array:
    """Steps () that a share of the run takes; never so few that their number is not finite."""
    return jnp.maximum(share * num_steps, 1e-9)


def turns(step: jax.Array, length: jax.Array, num_steps: jax.Array) -> jax.Array:
    """How many stretches of `length` steps are over at a step: whole, counted from 0."""
    return jnp.floor((step + early(length, num_steps)) / length)


def early(length: jax.Array, num_steps: jax.Array) -> jax.Array:
    """How many steps early a stretch ends: a hair, and a small part of it where it is as short."""
    return jnp.minimum(hair(num_steps), length / 1000)


def are_numbers(values: Any) -> bool:
    """Whether this is a tuple of finite numbers."""
    return isinstance(values, tuple) and all(
        isinstance(v, numbers.Real) and not isinstance(v, bool) and math.isfinite(v) for v in values
    )


def rising_shares(values: Any) -> bool:
    """Whether this is a tuple of times, as shares of the run: none twice, none outside [0, 1]."""
    return (
        are_numbers(values)
        and all(0 <= v <= 1 for v in values)
        and all(a < b for a, b in itertools.pairwise(values))
    )
