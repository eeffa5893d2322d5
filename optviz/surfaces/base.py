"""What every test surface is: a loss with a window, a start and known points, drawn in a plane."""

from __future__ import annotations

from typing import ClassVar, TypeAlias

import jax
import numpy as np

from optviz.catalog import Entry

Point: TypeAlias = tuple[float, float]


class Surface(Entry):
    """A loss f(x, y). Everything but the knobs is known in closed form or stated as unknown.

    A surface may be the picture of a loss of more than two numbers. Then `params_shape` says what
    is changed, `loss` what is descended, `embed` and `project` lead from the picture to it and
    back, and `__call__` is the loss on the slice that the picture shows.
    """

    params_shape: ClassVar[tuple[int, ...]] = (2,)  # of what a rule changes

    xlim: ClassVar[Point]  # the window that is drawn
    ylim: ClassVar[Point]
    start: ClassVar[Point]  # where a race begins unless told otherwise
    level_scale: ClassVar[str] = "log"  # "log" or "linear": which contour levels show it best

    def __call__(self, params: jax.Array) -> jax.Array:
        """Loss at a point of the picture: (2,) -> ()."""
        raise NotImplementedError

    def loss(self, params: jax.Array) -> jax.Array:
        """What is descended: params_shape -> ()."""
        return self(params)

    def embed(self, point: jax.Array) -> jax.Array:
        """What a point of the picture stands for: (2,) -> params_shape."""
        return point

    def project(self, params: jax.Array) -> jax.Array:
        """Where params are drawn: params_shape -> (2,); `project(embed(point))` is `point`."""
        return params

    def minima(self) -> tuple[Point, ...]:
        """The global minima; () when there are none or they are not known."""
        raise NotImplementedError

    def local_minima(self) -> tuple[Point, ...]:
        """Further minima inside the window, which a descent may end in."""
        return ()

    def saddles(self) -> tuple[Point, ...]:
        """Saddle points inside the window."""
        raise NotImplementedError

    def lower_bound(self) -> float | None:
        """The lowest loss: f at a minimum, -inf when unbounded below, None when not known."""
        return self.evaluate(self.minima()[0])

    def evaluate(self, point: Point) -> float:
        """Loss at one point in float64, outside any trace."""
        with jax.enable_x64(True):
            # One call: operation by operation it would take as long as a race.
            return float(_loss(jax.tree.map(np.float64, self), np.asarray(point, np.float64)))


@jax.jit
def _loss(surface: Surface, point: jax.Array) -> jax.Array:
    return surface(point)
