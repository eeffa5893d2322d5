"""An egg box in a bowl: a local minimum at every crossing of a lattice."""

import math
from typing import ClassVar

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob
from optviz.surfaces.base import Point, Surface


@entry
class Rastrigin(Surface):
    r"""A bowl covered with regular dimples; only the middle one is the lowest.

    $$f(x, y) = 2A + x^2 - A\cos 2\pi x + y^2 - A\cos 2\pi y, \qquad f(0, 0) = 0$$

    Reference: Rastrigin 1974, Systems of Extremal Control; in this form Mühlenbein, Schomisch &
    Born 1991, https://doi.org/10.1016/S0167-8191(05)80052-3
    """

    name: ClassVar[str] = "rastrigin"
    label: ClassVar[str] = "Rastrigin"
    xlim: ClassVar[Point] = (-5.12, 5.12)
    ylim: ClassVar[Point] = (-5.12, 5.12)
    start: ClassVar[Point] = (-3.3, 2.4)
    level_scale: ClassVar[str] = "linear"

    A: float = knob(
        10.0,
        domain=(0, math.inf),
        typical=(0, 20),
        help="Depth of the dimples; at 0 only the bowl is left.",
    )

    def __call__(self, params: jax.Array) -> jax.Array:
        return jnp.sum(params**2 + self.A * (1 - jnp.cos(2 * math.pi * params)))

    def minima(self) -> tuple[Point, ...]:
        return ((0.0, 0.0),)

    def local_minima(self) -> tuple[Point, ...]:
        reach = range(1, int(self.xlim[1]) + 1)
        along = [t for guess in reach for t in self._stationary(float(guess)) if t < self.xlim[1]]
        axis = [0.0, *along, *(-t for t in along)]
        return tuple((x, y) for x in axis for y in axis if (x, y) != (0.0, 0.0))

    def saddles(self) -> tuple[Point, ...]:
        """The passes around the global minimum; the other dimples have theirs likewise."""
        top = self._stationary(0.5)
        return tuple(p for t in top for p in ((t, 0.0), (-t, 0.0), (0.0, t), (0.0, -t)))

    def _stationary(self, guess: float) -> list[float]:
        """Root of the slope x + πA sin 2πx near `guess`, by Newton; none once the bowl has won."""
        x = guess
        for _ in range(50):
            slope = x + math.pi * self.A * math.sin(2 * math.pi * x)
            bend = 1 + 2 * math.pi**2 * self.A * math.cos(2 * math.pi * x)
            x -= slope / bend
        return [x] if abs(x - guess) < 0.25 else []
