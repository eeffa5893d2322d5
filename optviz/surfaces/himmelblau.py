"""Four equal minima: where you end depends on where, and how, you set out."""

from typing import ClassVar

import jax

from optviz.catalog import entry, knob
from optviz.surfaces.base import Point, Surface

# Stationary points beside (3, 2), by Newton's method in float64; each is checked by the tests.
MINIMA: tuple[Point, ...] = (
    (3.0, 2.0),
    (3.5844283403304917, -1.8481265269644036),
    (-3.779310253377747, -3.2831859912861696),
    (-2.805118086952745, 3.131312518250573),
)
SADDLES: tuple[Point, ...] = (
    (3.385154183607021, 0.0738518798377493),
    (0.08667750455539636, 2.884254701174776),
    (-3.0730257507643897, -0.08135304428796751),
    (-0.12796134673068005, -1.9537149802445766),
)


@entry
class Himmelblau(Surface):
    r"""Four minima of equal depth with four saddles between them.

    $$f(x, y) = (x^2 + y - a)^2 + (x + y^2 - b)^2, \qquad f(3, 2) = 0 \text{ at } a = 11,\ b = 7$$

    Reference: Himmelblau 1972, Applied Nonlinear Programming, McGraw-Hill; formula and points also
    at https://en.wikipedia.org/wiki/Himmelblau%27s_function
    """

    name: ClassVar[str] = "himmelblau"
    label: ClassVar[str] = "Himmelblau"
    xlim: ClassVar[Point] = (-5.0, 5.0)
    ylim: ClassVar[Point] = (-5.0, 5.0)
    start: ClassVar[Point] = (-0.5, -1.0)

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
        return self.scale * ((x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2)

    def minima(self) -> tuple[Point, ...]:
        return MINIMA

    def saddles(self) -> tuple[Point, ...]:
        return SADDLES
