"""A long narrow bowl, turned: the picture behind every talk about momentum."""

import math
from typing import ClassVar

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob
from optviz.surfaces.base import Point, Surface


@entry
class Ravine(Surface):
    r"""A rotated quadratic bowl, gentle along the ravine and steep across it.

    With $u, v$ the coordinates along and across the ravine and condition number $\kappa$

    $$f(x, y) = \tfrac12\,(u^2 + \kappa\, v^2), \qquad
      u = x\cos\varphi + y\sin\varphi, \quad v = -x\sin\varphi + y\cos\varphi$$

    The Hessian's eigenvalues are 1 and $\kappa$: gradient descent converges for $\eta < 2/\kappa$.

    Reference: Nocedal & Wright 2006, section 3.3, https://doi.org/10.1007/978-0-387-40065-5
    """

    name: ClassVar[str] = "ravine"
    label: ClassVar[str] = "Ravine"
    xlim: ClassVar[Point] = (-5.0, 3.0)
    ylim: ClassVar[Point] = (-3.0, 3.0)
    start: ClassVar[Point] = (-4.0, 1.0)

    condition: float = knob(
        50.0,
        domain=(0, math.inf),
        closed="neither",
        typical=(1, 1000),
        log=True,
        help="How many times steeper the walls are than the floor.",
    )
    angle: float = knob(
        15.0,
        domain=(-math.inf, math.inf),
        typical=(-90, 90),
        help="Direction of the ravine, in degrees from the x axis.",
    )

    def __call__(self, params: jax.Array) -> jax.Array:
        x, y = params
        turn = jnp.deg2rad(jnp.asarray(self.angle, x.dtype))
        u = x * jnp.cos(turn) + y * jnp.sin(turn)
        v = y * jnp.cos(turn) - x * jnp.sin(turn)
        return 0.5 * (u**2 + self.condition * v**2)

    def minima(self) -> tuple[Point, ...]:
        return ((0.0, 0.0),)

    def lower_bound(self) -> float:
        return 0.0  # a sum of squares: known without evaluating it, whatever the shape

    def saddles(self) -> tuple[Point, ...]:
        return ()
