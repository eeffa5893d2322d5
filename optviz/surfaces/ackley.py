"""A funnel under a field of ripples."""

from math import e, pi
from typing import ClassVar

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob
from optviz.surfaces.base import Point, Surface


@entry
class Ackley(Surface):
    r"""A nearly flat, rippled plain around one deep hole with a kink at its bottom.

    $$f(x, y) = -a\, e^{-b \sqrt{(x^2 + y^2)/2}} - e^{(\cos c x + \cos c y)/2} + a + e,
      \qquad c = 2\pi,\quad f(0, 0) = 0$$

    The loss is not differentiable at the minimum: there a gradient of zero is returned.

    Reference: Ackley 1987, A Connectionist Machine for Genetic Hillclimbing,
    https://doi.org/10.1007/978-1-4613-1997-9
    """

    name: ClassVar[str] = "ackley"
    label: ClassVar[str] = "Ackley"
    xlim: ClassVar[Point] = (-4.0, 4.0)
    ylim: ClassVar[Point] = (-4.0, 4.0)
    start: ClassVar[Point] = (2.5, -0.5)
    level_scale: ClassVar[str] = "linear"

    a: float = knob(20.0, domain=(0, float("inf")), typical=(1, 40), help="Depth of the funnel.")
    b: float = knob(
        0.2, domain=(0, float("inf")), typical=(0.05, 1), help="How fast the funnel flattens out."
    )

    def __call__(self, params: jax.Array) -> jax.Array:
        x, y = params
        square = (x**2 + y**2) / 2
        # √ has an infinite slope at 0: take the root of 1 there and drop it again.
        root = jnp.where(square > 0, jnp.sqrt(jnp.where(square > 0, square, 1)), 0)
        ripples = jnp.exp((jnp.cos(2 * pi * x) + jnp.cos(2 * pi * y)) / 2)
        return -self.a * jnp.exp(-self.b * root) - ripples + self.a + e

    def minima(self) -> tuple[Point, ...]:
        return ((0.0, 0.0),)

    def saddles(self) -> tuple[Point, ...]:
        return ()
