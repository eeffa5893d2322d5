"""The banana valley, the oldest test of them all."""

from math import inf
from typing import ClassVar

import jax

from optviz.catalog import entry, knob
from optviz.surfaces.base import Point, Surface


@entry
class Rosenbrock(Surface):
    r"""A curved, flat-bottomed valley: easy to enter, slow to follow.

    $$f(x, y) = (a - x)^2 + b\,(y - x^2)^2, \qquad f(a, a^2) = 0$$

    Reference: Rosenbrock 1960, https://doi.org/10.1093/comjnl/3.3.175
    """

    name: ClassVar[str] = "rosenbrock"
    label: ClassVar[str] = "Rosenbrock valley"
    xlim: ClassVar[Point] = (-2.0, 2.0)
    ylim: ClassVar[Point] = (-1.0, 3.0)
    start: ClassVar[Point] = (-1.2, 1.0)  # the paper's own start

    a: float = knob(
        1.0, domain=(-inf, inf), typical=(0.5, 1.5), help="x coordinate of the minimum."
    )
    b: float = knob(
        100.0,
        domain=(0, inf),
        closed="neither",
        typical=(1, 500),
        log=True,
        help="Steepness of the walls.",
    )

    def __call__(self, params: jax.Array) -> jax.Array:
        x, y = params
        return (self.a - x) ** 2 + self.b * (y - x**2) ** 2

    def minima(self) -> tuple[Point, ...]:
        return ((self.a, self.a**2),)

    def lower_bound(self) -> float:
        return 0.0  # a sum of squares: known without evaluating it, whatever the shape

    def saddles(self) -> tuple[Point, ...]:
        return ()
