"""What every schedule is: a factor on a knob's base value, as a function of the step."""

from __future__ import annotations

import itertools
import math
import numbers
from typing import TYPE_CHECKING, Any, ClassVar

import jax

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
