"""Where a surface is finite: a formula that somebody typed may be so in places only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np

from optviz.surfaces.base import Point, Surface

_CELLS = (32, 256)  # points looked at along each side of the window, in turn


def finite_losses(surface: Surface, points: Sequence[Point]) -> np.ndarray:
    """(num_points,) whether the loss is finite there, in float64."""
    with jax.enable_x64(True):
        return np.isfinite(jax.vmap(surface)(jnp.asarray(points, jnp.float64)))


@lru_cache(maxsize=256)
def nearest_finite(surface: Surface, point: Point) -> Point | None:
    """The point itself where loss and gradient are finite there, else one nearby where they are.

    Args:
        surface: the loss.
        point: where one would like to be.

    Returns:
        A point of a grid over the window, the nearest in shares of it; None: there is none.
    """
    if _can_begin(surface, np.asarray([point], np.float64))[0]:
        return point
    low, high = np.array([surface.xlim, surface.ylim], np.float64).T
    for cells in _CELLS:
        shares = (np.arange(cells) + 0.5) / cells
        points = low + (high - low) * np.stack(np.meshgrid(shares, shares), -1)
        finite = _can_begin(surface, points.reshape(-1, 2)).reshape(cells, cells)
        for inner in (_inside(_inside(finite)), finite):  # not at the edge, if there is room
            if inner.any():
                away = ((points[inner] - point) / (high - low)) ** 2
                x, y = points[inner][away.sum(axis=-1).argmin()].tolist()
                return _short(surface, (x, y))
    return None


def _inside(finite: np.ndarray) -> np.ndarray:
    """(n, n) those of a grid whose neighbours are finite too; beyond the window all are."""
    wide = np.pad(finite, 1, constant_values=True)
    neighbours = np.lib.stride_tricks.sliding_window_view(wide, (3, 3))
    return np.asarray(neighbours.all(axis=(-1, -2)))


def _can_begin(surface: Surface, points: np.ndarray) -> np.ndarray:
    with jax.enable_x64(True):
        losses, grads = jax.vmap(jax.value_and_grad(surface))(points)
    return np.isfinite(losses) & np.isfinite(grads).all(axis=-1)


def _short(surface: Surface, point: Point) -> Point:
    """The point with few digits, if it is as good."""
    x, y = (float(f"{v:.4g}") for v in point)
    return (x, y) if _can_begin(surface, np.asarray([(x, y)], np.float64))[0] else point
