"""A pass between two hills: level at the top, and downhill only sideways."""

from math import inf
from typing import ClassVar

import jax

from optviz.catalog import entry, knob
from optviz.surfaces.base import Point, Surface


@entry
class Saddle(Surface):
    r"""Up along x, down along y, and unbounded below: whoever gets away has won.

    $$f(x, y) = \tfrac12\,(a\, x^2 - b\, y^2)$$

    The start lies a little beside the ridge, where the way out is a gradient of size $b\,|y_0|$.

    Reference: Dauphin et al. 2014, https://arxiv.org/abs/1406.2572
    """

    name: ClassVar[str] = "saddle"
    label: ClassVar[str] = "Saddle"
    xlim: ClassVar[Point] = (-2.0, 2.0)
    ylim: ClassVar[Point] = (-1.5, 1.5)
    start: ClassVar[Point] = (-1.6, 0.001)
    level_scale: ClassVar[str] = "linear"

    a: float = knob(
        2.0,
        domain=(0, inf),
        closed="neither",
        typical=(0.1, 10),
        log=True,
        help="How steep the hills on both sides are.",
    )
    b: float = knob(
        2.0,
        domain=(0, inf),
        closed="neither",
        typical=(0.1, 10),
        log=True,
        help="How steeply it falls away from the pass.",
    )

    def __call__(self, params: jax.Array) -> jax.Array:
        x, y = params
        return 0.5 * (self.a * x**2 - self.b * y**2)

    def minima(self) -> tuple[Point, ...]:
        return ()

    def saddles(self) -> tuple[Point, ...]:
        return ((0.0, 0.0),)

    def lower_bound(self) -> float:
        return -inf
