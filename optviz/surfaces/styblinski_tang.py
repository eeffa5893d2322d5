"""Four bowls, one of them the deepest."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob
from optviz.surfaces.base import Point, Surface

# Roots of 4z³ - 32z + 5, the slope in each coordinate: two minima with a maximum between them.
DEEP, TOP, SHALLOW = -2.903534027771177, 0.1567312567803401, 2.746802770990837


@entry
class StyblinskiTang(Surface):
    r"""A separable quartic with one global and three local minima.

    $$f(x, y) = \tfrac12 \sum_{z \in \{x, y\}} (z^4 - 16 z^2 + 5 z)$$

    Reference: Styblinski & Tang 1990, https://doi.org/10.1016/0893-6080(90)90035-K
    """

    name: ClassVar[str] = "styblinski_tang"
    label: ClassVar[str] = "Styblinski–Tang"
    xlim: ClassVar[Point] = (-5.0, 5.0)
    ylim: ClassVar[Point] = (-5.0, 5.0)
    start: ClassVar[Point] = (0.4, 4.4)

    scale: float = knob(
        1.0,
        domain=(0, float("inf")),
        closed="neither",
        typical=(0.01, 10),
        log=True,
        help="Factor on the heights, and so on every gradient.",
    )

    def __call__(self, params: jax.Array) -> jax.Array:
        return self.scale * 0.5 * jnp.sum(params**4 - 16 * params**2 + 5 * params)

    def minima(self) -> tuple[Point, ...]:
        return ((DEEP, DEEP),)

    def local_minima(self) -> tuple[Point, ...]:
        return ((DEEP, SHALLOW), (SHALLOW, DEEP), (SHALLOW, SHALLOW))

    def saddles(self) -> tuple[Point, ...]:
        return tuple(p for z in (DEEP, SHALLOW) for p in ((z, TOP), (TOP, z)))
