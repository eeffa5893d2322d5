"""A round bowl small enough to follow by hand."""

from math import inf
from typing import ClassVar

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob
from optviz.surfaces.base import Point, Surface


@entry
class WorkedExample(Surface):
    r"""The sum of squares of $p - y + z$ for given vectors $y$ and $z$: a first exercise.

    $$f(p) = \sum_i (p_i - y_i + z_i)^2, \qquad y = (3, 5),\ z = (2, 0),\ f(1, 5) = 0$$

    From (2, 1) the loss is 17. Gradient descent at 0.1 shrinks the error by 0.8 a step, until the
    last digits of the number format stop it: in float32 after 100 steps, in float64 much later.

    Reference: a classroom exercise in automatic differentiation; here $p$ is the point that moves.
    """

    name: ClassVar[str] = "worked_example"
    label: ClassVar[str] = "Worked example"
    xlim: ClassVar[Point] = (-2.0, 4.0)
    ylim: ClassVar[Point] = (0.0, 7.0)
    start: ClassVar[Point] = (2.0, 1.0)

    y1: float = knob(3.0, domain=(-inf, inf), typical=(-5, 5), help="First number of y.")
    y2: float = knob(5.0, domain=(-inf, inf), typical=(-5, 5), help="Second number of y.")
    z1: float = knob(2.0, domain=(-inf, inf), typical=(-5, 5), help="First number of z.")
    z2: float = knob(0.0, domain=(-inf, inf), typical=(-5, 5), help="Second number of z.")

    def __call__(self, params: jax.Array) -> jax.Array:
        y = jnp.stack([jnp.asarray(self.y1, params.dtype), jnp.asarray(self.y2, params.dtype)])
        z = jnp.stack([jnp.asarray(self.z1, params.dtype), jnp.asarray(self.z2, params.dtype)])
        return jnp.sum((params - y + z) ** 2)

    def minima(self) -> tuple[Point, ...]:
        return ((self.y1 - self.z1, self.y2 - self.z2),)

    def saddles(self) -> tuple[Point, ...]:
        return ()
