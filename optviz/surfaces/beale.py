"""Flat plains, sharp corners, and one minimum among them."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob
from optviz.surfaces.base import Point, Surface


@entry
class Beale(Surface):
    r"""Nearly flat in the middle and very steep at the corners.

    $$f(x, y) = \sum_{i=1}^{3} \left(c_i - x\,(1 - y^i)\right)^2, \qquad
      c = (1.5,\ 2.25,\ 2.625), \quad f(3, 0.5) = 0$$

    A learning rate that is good on the plain throws a run out of the corners.

    Reference: Beale 1958, On an iterative method for finding a local minimum of a function of more
    than one variable, Princeton Statistical Techniques Research Group report 25; as problem 5 in
    Moré, Garbow & Hillstrom 1981, https://doi.org/10.1145/355934.355936
    """

    name: ClassVar[str] = "beale"
    label: ClassVar[str] = "Beale"
    xlim: ClassVar[Point] = (-4.5, 4.5)
    ylim: ClassVar[Point] = (-4.5, 4.5)
    start: ClassVar[Point] = (1.0, 1.5)

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
        residuals = jnp.stack([1.5 - x + x * y, 2.25 - x + x * y**2, 2.625 - x + x * y**3])
        return self.scale * jnp.sum(residuals**2)

    def minima(self) -> tuple[Point, ...]:
        return ((3.0, 0.5),)

    def saddles(self) -> tuple[Point, ...]:
        return ((0.0, 1.0), (0.10053793732415833, -2.6445135850231254))
