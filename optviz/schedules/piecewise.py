"""Straight lines between points that one sets, or drags on the page."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from optviz.catalog import entry, sequence
from optviz.schedules.base import Schedule, are_numbers, rising_shares

MAX_POINTS = 64


def _refuse(points: Any) -> str | None:
    pairs = isinstance(points, tuple) and all(isinstance(p, tuple) and len(p) == 2 for p in points)
    if not pairs or not all(map(are_numbers, points)):
        return "be pairs of numbers (share of the run, factor)"
    if not 1 <= len(points) <= MAX_POINTS:
        return f"have 1 to {MAX_POINTS} points"
    if not rising_shares(tuple(time for time, _ in points)):
        return "have times that rise from 0 to 1"
    return None if all(factor >= 0 for _, factor in points) else "have factors of at least 0"


@entry
class Piecewise(Schedule):
    r"""Straight lines between any points; before the first and after the last it is level.

    Between the points $(s_i, f_i)$ and $(s_{i+1}, f_{i+1})$, times being shares of the run

    $$\eta_t = \eta_0 \left(f_i + (f_{i+1} - f_i)\, \frac{t/T - s_i}{s_{i+1} - s_i}\right)$$

    Reference: as optax.join_schedules of linear_schedule,
    https://optax.readthedocs.io/en/latest/api/optimizer_schedules.html
    """

    name: ClassVar[str] = "piecewise"
    label: ClassVar[str] = "Piecewise"

    points: tuple[tuple[float, float], ...] = sequence(
        ((0.0, 0.1), (0.1, 1.0), (0.5, 1.0), (1.0, 0.0)),
        refuse=_refuse,
        help="Pairs of a time, as a share of the run, and the factor there.",
    )

    def __call__(
        self, step: jax.Array, num_steps: jax.Array, steps_per_epoch: jax.Array
    ) -> jax.Array:
        times, factors = (jnp.stack(column) for column in zip(*self.points, strict=True))
        return jnp.interp(step / num_steps, times, factors).astype(step.dtype)
