"""What is known of a surface's heights: its window, its lowest loss, and what may stand in for it.

Races and sweeps measure every arrival from here, so that a map and a race tell the same.
"""

from __future__ import annotations

from functools import lru_cache
from math import hypot, inf
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from optviz.engine.machine.precision import cast, on_cpu
from optviz.surfaces import Surface

# A best loss that was still falling in this last part of the steps says nothing about a minimum.
LAST_PART = 0.1

_EPS = {dtype: float(np.finfo(dtype).eps) for dtype in ("float64", "float32")}


class Ground(NamedTuple):
    """A surface's heights as far as they are known before anybody has descended it."""

    lowest: float | None  # f*; -inf: unbounded below; None: not known
    floor: float  # lowest loss in the window where f* is no number; inf: none is finite
    centre: np.ndarray  # (2,) of the window
    width: float  # of the window, from corner to corner
    eps: float  # relative rounding of the format that is computed in


@lru_cache(maxsize=256)
def ground(surface: Surface, dtype: str = "float64") -> Ground:
    """What is known of a surface, in the number format that it is descended in.

    In float32 f* is what the loss comes to there at a minimum, for no run gets below that.
    """
    lowest = lowest_loss(surface)
    floor = -inf
    if lowest is None or lowest == -inf:
        losses = window(surface)
        floor = float(np.min(losses, where=np.isfinite(losses), initial=inf))
    elif dtype == "float32" and surface.minima():
        with on_cpu(dtype):
            points = np.asarray(surface.minima(), dtype)
            lowest = max(lowest, float(np.min(losses_at(cast(surface, dtype), points))))
    (left, right), (lower, upper) = surface.xlim, surface.ylim
    centre = np.array([(left + right) / 2, (lower + upper) / 2])
    width = hypot(right - left, upper - lower)
    return Ground(lowest, floor, centre, width, _EPS[dtype])


def early(num_steps: int) -> int:
    """The last step that a best loss may be from without still falling at the end."""
    return int((1 - LAST_PART) * num_steps)


def settled(best: float, early: float, drop: float, slope: float, tolerance: float) -> bool:
    """Whether the best loss of a comparison may stand in for a minimum that is not known.

    It may where the last tenth of the steps won no more than the tolerance, or where a slope as
    it is at the best could not win more on the whole way across the window. Else the minimum lies
    further down, and nobody has arrived.

    Args:
        best: lowest loss of all runs.
        early: the same, of all steps up to `early(num_steps)`.
        drop: loss at the start of the run that found the best, above the best.
        slope: norm of the gradient at the best times the reach of the window from there.
        tolerance: share of the first error.
    """
    return early - best <= tolerance * drop or slope <= tolerance * drop


@lru_cache(maxsize=64)
def window(surface: Surface, resolution: int = 121) -> np.ndarray:
    """(resolution, resolution) float64 losses over the surface's window; row 0 is the lowest y."""
    with on_cpu("float64"):
        x, y = (np.linspace(*limits, resolution) for limits in (surface.xlim, surface.ylim))
        points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        losses = np.asarray(losses_at(cast(surface, "float64"), points))
    return losses.reshape(resolution, resolution)


@jax.jit
def losses_at(surface: Surface, points: Any) -> jax.Array:
    """(num_points,) losses at points (num_points, 2), in the format of both."""
    return jax.vmap(surface)(jnp.asarray(points))


@lru_cache(maxsize=256)
def lowest_loss(surface: Surface) -> float | None:
    """The surface's lower bound f*, kept, for it takes a moment to evaluate."""
    with on_cpu("float64"):
        return surface.lower_bound()
