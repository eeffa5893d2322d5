"""One deep valley between two shallow ones."""

from typing import ClassVar

import jax

from optviz.catalog import entry, knob
from optviz.surfaces.base import Point, Surface

# Stationary points by Newton's method in float64; each is checked by the tests.
LOCAL: tuple[Point, ...] = (
    (1.747552345830289, -0.8737761729151445),
    (-1.747552345830289, 0.8737761729151445),
)
SADDLES: tuple[Point, ...] = (
    (1.07054229182366, -0.53527114591183),
    (-1.07054229182366, 0.53527114591183),
)


@entry
class ThreeHumpCamel(Surface):
    r"""A global minimum at the origin, and a local one on either side to get caught in.

    $$f(x, y) = 2x^2 - 1.05 x^4 + \tfrac16 x^6 + x y + y^2$$

    Reference: Dixon & Szegő 1978, The global optimization problem: an introduction, in Towards
    Global Optimisation 2; formula also at https://www.sfu.ca/~ssurjano/camel3.html
    """

    name: ClassVar[str] = "three_hump_camel"
    label: ClassVar[str] = "Three-hump camel"
    xlim: ClassVar[Point] = (-2.5, 2.5)
    ylim: ClassVar[Point] = (-2.5, 2.5)
    start: ClassVar[Point] = (-1.9, 2.2)

    scale: float = knob(
        1.0,
        domain=(0, float("inf")),
        closed="neither",
        typical=(0.01, 10),
        log=True,
        help="Factor on the heights, and so on every gradient.",
    )

    def __call__(self, params: jax.Array) -> jax.Array:
        x, y = params
        return self.scale * (2 * x**2 - 1.05 * x**4 + x**6 / 6 + x * y + y**2)

    def minima(self) -> tuple[Point, ...]:
        return ((0.0, 0.0),)

    def local_minima(self) -> tuple[Point, ...]:
        return LOCAL

    def saddles(self) -> tuple[Point, ...]:
        return SADDLES
