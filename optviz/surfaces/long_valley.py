"""A valley with steep walls and a floor that hardly slopes: hard to hurry along."""

from math import inf
from typing import ClassVar

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob
from optviz.surfaces.base import Point, Surface


@entry
class LongValley(Surface):
    r"""Steep parabolic walls across, a floor of nearly constant gentle slope along.

    $$f(x, y) = \tfrac12\, s\, x^2 + \sqrt{1 + y^2} - 1$$

    Far from the minimum the slope along the floor is 1 however far there is to go, and the walls
    limit the learning rate to $2/s$: rules with memory or a scale per coordinate overtake SGD.

    Reference: formula of this project, after the "long valley" animation of Radford 2014,
    https://imgur.com/a/Hqolp
    """

    name: ClassVar[str] = "long_valley"
    label: ClassVar[str] = "Long valley"
    xlim: ClassVar[Point] = (-4.0, 4.0)
    ylim: ClassVar[Point] = (-2.0, 12.0)
    start: ClassVar[Point] = (-1.5, 10.0)

    steepness: float = knob(
        20.0,
        domain=(0, inf),
        closed="neither",
        typical=(1, 200),
        log=True,
        help="How steep the walls of the valley are.",
    )

    def __call__(self, params: jax.Array) -> jax.Array:
        x, y = params
        return 0.5 * self.steepness * x**2 + jnp.sqrt(1 + y**2) - 1

    def minima(self) -> tuple[Point, ...]:
        return ((0.0, 0.0),)

    def saddles(self) -> tuple[Point, ...]:
        return ()
