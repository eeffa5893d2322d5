"""How a run went: steps to tolerance and outcome, from its recorded losses."""

from __future__ import annotations

from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np

from optviz.engine.precision import cast, on_cpu
from optviz.surfaces import Surface

OUTCOMES = ("converged", "running", "escaped", "diverged")
_NAMES = np.array(OUTCOMES)


def steps_to_tolerance(losses: np.ndarray, lowest: float | None, tolerance: float) -> np.ndarray:
    """First index with loss - f* ≤ tolerance · (loss₀ - f*), along the last axis.

    Args:
        losses: (..., num_steps + 1).
        lowest: f*; -inf: unbounded below; None: the best of `losses` takes its place.
        tolerance: share of the first error.

    Returns:
        (...) int; -1 where it was not reached, or the surface is unbounded below.
    """
    if lowest == -np.inf:
        return np.full(losses.shape[:-1], -1)
    arrived = _arrived(losses, lowest, tolerance)
    return np.where(arrived.any(axis=-1), arrived.argmax(axis=-1), -1)


def outcomes(
    losses: np.ndarray,
    grad_norms: np.ndarray,
    diverged_at: np.ndarray,
    last_loss: np.ndarray,
    lowest: float | None,
    floor: float,
    tolerance: float,
) -> np.ndarray:
    """What became of each run, as it stands at its last step.

    - `escaped`: went below every height in the window of a surface that has, or may have, no lower
      bound. On a surface with unknown bound it must also have run off to -1e12.
    - `diverged`: became unbounded otherwise.
    - `converged`: its last loss is within tolerance; where the minimum is not known, its gradient
      has shrunk to √tolerance of the first, as it has on a quadratic by then.
    - `running`: none of these.

    Args:
        losses: (..., num_steps + 1).
        grad_norms: (..., num_steps + 1).
        diverged_at: (...) int.
        last_loss: (...) the loss at `diverged_at`, or the final one.
        lowest: f*, see `steps_to_tolerance`.
        floor: the lowest loss in the window.
        tolerance: share of the first error.

    Returns:
        (...) strings.
    """
    diverged = diverged_at >= 0
    below = losses[..., -1] < floor
    if lowest == -np.inf:
        escaped = below
    elif lowest is None:
        escaped = diverged & (below | (last_loss < -1e12))
    else:
        escaped = np.zeros_like(diverged)
    if lowest == -np.inf:
        converged = np.zeros_like(diverged)
    elif lowest is None:
        converged = grad_norms[..., -1] <= np.sqrt(tolerance) * grad_norms[..., 0]
    else:
        first_and_last = losses[..., [0, -1]]
        converged = _arrived(first_and_last, lowest, tolerance)[..., -1]
    # Places in OUTCOMES; `np.select` would take longer than the rest of a race's bookkeeping.
    return _NAMES[np.where(escaped, 2, np.where(diverged, 3, np.where(converged, 0, 1)))]


def _arrived(losses: np.ndarray, lowest: float | None, tolerance: float) -> np.ndarray:
    lowest = float(losses.min()) if lowest is None else lowest
    arrived = losses - lowest <= tolerance * (losses[..., :1] - lowest)
    return arrived & np.isfinite(losses[..., :1])  # a start at infinity has not arrived


@lru_cache(maxsize=64)
def window(surface: Surface, resolution: int = 121) -> np.ndarray:
    """(resolution, resolution) float64 losses over the surface's window; row 0 is the lowest y."""
    with on_cpu("float64"):
        x, y = (np.linspace(*limits, resolution) for limits in (surface.xlim, surface.ylim))
        points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        losses = np.asarray(_losses(cast(surface, "float64"), points))
    return losses.reshape(resolution, resolution)


@jax.jit
def _losses(surface: Surface, points: jax.Array) -> jax.Array:
    return jax.vmap(surface)(jnp.asarray(points))


@lru_cache(maxsize=256)
def lowest_loss(surface: Surface) -> float | None:
    """The surface's lower bound f*, kept, for it takes a moment to evaluate."""
    return surface.lower_bound()
