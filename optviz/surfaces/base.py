"""What every test surface is: a loss of two coordinates, with a window, a start, known points."""

from __future__ import annotations

from typing import ClassVar, TypeAlias

import jax
import numpy as np

from optviz.catalog import Entry

Point: TypeAlias = tuple[float, float]


class Surface(Entry):
    """A loss f(x, y). Everything but the knobs is known in closed form or stated as unknown."""

    xlim: ClassVar[Point]  # the window that is drawn
    ylim: ClassVar[Point]
    start: ClassVar[Point]  # where a race begins unless told otherwise
    level_scale: ClassVar[str] = "log"  # "log" or "linear": which contour levels show it best

    def __call__(self, params: jax.Array) -> jax.Array:
        """Loss at params: (2,) -> ()."""
        raise NotImplementedError

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
            return float(self(jax.numpy.asarray(np.asarray(point, np.float64))))
