"""A saddle with room for a tail: three ways down, and no curvature at the top."""

from math import inf
from typing import ClassVar

import jax

from optviz.catalog import entry, knob
from optviz.surfaces.base import Point, Surface


@entry
class MonkeySaddle(Surface):
    r"""A degenerate saddle: gradient and Hessian both vanish at the origin.

    $$f(x, y) = c\,(x^3 - 3 x y^2)$$

    Unbounded below along three directions; second-order rules have no curvature to divide by.

    Reference: Hilbert & Cohn-Vossen 1952, Geometry and the Imagination, section 29,
    https://bookstore.ams.org/chel-87
    """

    name: ClassVar[str] = "monkey_saddle"
    label: ClassVar[str] = "Monkey saddle"
    xlim: ClassVar[Point] = (-1.5, 1.5)
    ylim: ClassVar[Point] = (-1.5, 1.5)
    start: ClassVar[Point] = (1.2, 0.02)
    level_scale: ClassVar[str] = "linear"

    c: float = knob(
        1.0,
        domain=(0, inf),
        closed="neither",
        typical=(0.1, 10),
        log=True,
        help="Scale of the heights.",
    )

    def __call__(self, params: jax.Array) -> jax.Array:
        x, y = params
        return self.c * (x**3 - 3 * x * y**2)

    def minima(self) -> tuple[Point, ...]:
        return ()

    def saddles(self) -> tuple[Point, ...]:
        return ((0.0, 0.0),)

    def lower_bound(self) -> float:
        return -inf
