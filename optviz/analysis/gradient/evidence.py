"""What a verdict on a gradient is made of: losses along lines, their rounding, and slopes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from optviz.analysis.gradient.extrapolation import RATIO, Line
from optviz.analysis.gradient.rounding import FLOOR, rounding

# Not a round number: no period of a loss is a multiple of all of them.
FIRST, REACH = 1.137, range(-100, 50)
STEPS = FIRST * RATIO ** np.arange(REACH.start, REACH.stop)
NARROW = STEPS[REACH.index(-36) : REACH.index(4)]  # where every loss costs a moment

At = Callable[[int, np.ndarray], np.ndarray]  # along a line, at signed steps


@dataclass(frozen=True, eq=False)
class Evidence:
    """Losses and slopes along lines through one point.

    Attributes:
        names: (num_lines) of the lines.
        h: (num_steps,) steps.
        here: the loss at the point.
        ahead, behind: (num_lines, num_steps) losses; nan where the point does not move.
        rounding_here: (num_lines,), and
        rounding_ahead, rounding_behind: (num_lines, num_steps) how far rounding can move each.
        moves: (num_lines, num_steps) whether the point moves, in both directions.
        slopes: (num_lines,) by the gradient, at the point.
        slopes_at: the gradient's slopes along one line, at signed steps.
        references: (num_lines,) what a slope is compared with: itself along a coordinate, the
            length of its terms where many coordinates add up to it.
        single: (num_lines,) whether a line changes one coordinate only.
        independent: (num_lines,) whether the loss is the same at every step, and its operations
            have a slope of zero at every step: it does not depend on what the line changes. (One
            that changes by less than its rounding has some slope.)
        size: of the coordinates, at least 1.
        floor: the rounding of a loss that rounds nothing: what underflow can do.
        many: whether lines stand for a gradient with far more coordinates.
    """

    names: tuple[str, ...]
    h: np.ndarray
    here: float
    ahead: np.ndarray
    behind: np.ndarray
    rounding_here: np.ndarray
    rounding_ahead: np.ndarray
    rounding_behind: np.ndarray
    moves: np.ndarray
    slopes: np.ndarray
    slopes_at: At
    references: np.ndarray
    single: np.ndarray
    independent: np.ndarray
    size: float
    floor: float
    many: bool

    def line(self, row: int) -> Line:
        return Line(
            self.h,
            self.here,
            self.ahead[row],
            self.behind[row],
            float(self.rounding_here[row]),
            self.rounding_ahead[row],
            self.rounding_behind[row],
        )


def gather(
    loss: Callable[[jax.Array], jax.Array], at: jax.Array, directions: jax.Array, steps: jax.Array
) -> tuple[jax.Array, ...]:
    """Losses, gradients, roundings and the losses' own slopes at at + step · direction.

    Args:
        loss: (size,) -> (), at: (size,), directions: (num_lines, size), steps: (num_steps,).
    """

    def point(direction: jax.Array, step: jax.Array) -> jax.Array:
        return at + jnp.full(direction.shape, step) * direction

    def along(direction: jax.Array, step: jax.Array) -> jax.Array:
        return loss(point(direction, step))

    bound = rounding(along, directions[0], steps[0])

    def all_of(direction: jax.Array, step: jax.Array) -> tuple[jax.Array, ...]:
        there = point(direction, step)
        return loss(there), jax.grad(loss)(there), *bound(direction, step)

    return jax.vmap(jax.vmap(all_of, (None, 0)), (0, None))(directions, steps)


def evidence_of(
    gathered: tuple[Any, ...],
    at: np.ndarray,
    directions: np.ndarray,
    names: tuple[str, ...],
    size: float,
    many: bool,
) -> Evidence:
    """Evidence from what `gather` found at 0, `STEPS` and −`STEPS`."""
    losses, gradients, roundings, own = (np.asarray(a).astype(np.float64) for a in gathered)
    return assembled(
        STEPS,
        losses,
        roundings,
        at,
        directions,
        names=names,
        independent=np.all((losses == losses[0, 0]) & (own == 0), axis=1),
        size=size,
        many=many,
        **slopes_by(gradients, directions),
    )


def assembled(
    h: np.ndarray,
    losses: np.ndarray,
    roundings: np.ndarray,
    at: np.ndarray,
    directions: np.ndarray,
    **rest: Any,
) -> Evidence:
    """Evidence from losses and roundings (num_lines, 1 + 2 num_steps) at 0, h and −h.

    Args:
        at: (size,) the point, in the format computed in.
        directions: (num_lines, size).
        rest: what else `Evidence` keeps.
    """
    n = len(h)
    ahead, behind = moves(at, directions, h), moves(at, directions, -h)
    return Evidence(
        h=h,
        here=float(losses[0, 0]),
        ahead=np.where(ahead, losses[:, 1 : n + 1], np.nan),
        behind=np.where(behind, losses[:, n + 1 :], np.nan),
        rounding_here=roundings[:, 0],
        rounding_ahead=roundings[:, 1 : n + 1],
        rounding_behind=roundings[:, n + 1 :],
        moves=ahead & behind,
        single=(directions != 0).sum(axis=1) == 1,
        floor=FLOOR * float(np.finfo(at.dtype).tiny),
        **rest,
    )


def slopes_by(gradients: np.ndarray, directions: np.ndarray) -> dict[str, Any]:
    """What `Evidence` keeps of gradients (num_lines, 1 + 2 num_steps, size)."""
    with np.errstate(invalid="ignore", over="ignore"):  # 0 · inf, inf − inf
        terms = np.where(directions[:, None] == 0, 0.0, gradients * directions[:, None])
        slopes = terms.sum(axis=-1)
        references = np.linalg.norm(terms[:, 0], axis=-1)

    def slopes_at(row: int, steps: np.ndarray) -> np.ndarray:
        places = np.rint(np.log2(np.abs(steps) / FIRST)).astype(int) - REACH.start
        return slopes[row, 1 + places + len(STEPS) * (steps < 0)]

    return {
        "slopes": slopes[:, 0],
        "slopes_at": slopes_at,
        "references": np.where(np.isfinite(references), references, 0.0),
    }


def moves(at: np.ndarray, directions: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """(num_lines, num_steps) whether a step changes most coordinates along each line."""
    found = np.empty((len(directions), len(steps)), bool)
    for row, line in enumerate(directions):
        places = np.flatnonzero(line)
        point, slope = at[places], line[places]
        for column, step in enumerate(steps.astype(at.dtype)):  # a network has millions of places
            found[row, column] = 2 * np.count_nonzero(point + step * slope != point) > len(places)
    return found
