"""How a run went: its outcome and steps to tolerance, one definition for all who tell it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Int, Shaped

from optviz.engine.surfaces.descend import BOUND, Descents
from optviz.engine.surfaces.ground import Ground, early, settled

OUTCOMES = ("converged", "left", "running", "stationary", "escaped", "diverged")
_CONVERGED, _LEFT, _RUNNING, _STATIONARY, _ESCAPED, _DIVERGED = range(len(OUTCOMES))
_NAMES = np.array(OUTCOMES)

# A gradient has vanished where a slope like it, on the whole way across the window, would win no
# more than this share of what is left to win. Where the loss is convex it always wins all of it.
VANISHED = 1e-6
_ROUNDING = 1e3  # in units of the format's rounding: float32 cannot tell 1e-6 from nothing


class Ends(NamedTuple):
    """What became of each run; `*runs` is (num_rules,) or (num_rules, num_starts)."""

    outcomes: Shaped[np.ndarray, "*runs"]  # words of OUTCOMES
    steps_to_tolerance: Int[np.ndarray, "*runs"]  # -1 unless converged or left


def ends(runs: Descents, ground: Ground, tolerance: float) -> Ends:
    """What became of each run, as it stands at its last step.

    A run is within tolerance where loss - f* ≤ tolerance · (loss₀ - f*). Where f* is not known the
    lowest loss of all runs and of the window takes its place; see `ground.settled` for when it may.

    - `converged`: came within tolerance, and is there at the end.
    - `left`: came within tolerance, and is not there at the end.
    - `running`: none of the others: on its way when the steps ended.
    - `stationary`: never came within tolerance and stands where the gradient has vanished, at a
      saddle, a higher minimum or on a plateau.
    - `escaped`: on a surface without a lower bound, below every height in the window; where no
      bound is known, beyond all numbers downwards.
    - `diverged`: beyond all numbers otherwise, whatever came before.

    Args:
        runs: what `descend` returned.
        ground: of the surface, in the format that the runs were computed in.
        tolerance: share of the first error.
    """
    with np.errstate(invalid="ignore", over="ignore"):  # a start may be infinite or no number
        return _ends(runs, ground, tolerance)


def _ends(runs: Descents, ground: Ground, tolerance: float) -> Ends:
    losses, diverged = runs.losses, runs.diverged_at >= 0
    last = losses[..., -1]
    lowest = reference(runs, ground, tolerance)
    if ground.lowest is None:
        escaped = _escaped(runs)
    else:
        escaped = last < ground.floor if lowest == -np.inf else np.zeros_like(diverged)
    if lowest == -np.inf:
        within = np.zeros(losses.shape, bool)
        known = ~escaped & np.isfinite(last)
        left_to_win = last - min(ground.floor, float(np.min(last, where=known, initial=np.inf)))
    else:
        first = losses[..., :1]
        within = losses - lowest <= tolerance * (first - lowest)
        if not np.isfinite(first).all():  # a start at infinity has not arrived
            within &= np.isfinite(first)
        left_to_win = last - lowest
    rest = max(VANISHED, _ROUNDING * ground.eps)
    at_rest = _slope(runs, ground, -1) <= rest * np.maximum(left_to_win, 0)
    # Places in OUTCOMES; `np.select` would take longer than the rest of a race's bookkeeping.
    here, ever = within[..., -1], within.any(axis=-1)
    kind = np.where(
        ever, np.where(here, _CONVERGED, _LEFT), np.where(at_rest, _STATIONARY, _RUNNING)
    )
    kind = np.where(escaped, _ESCAPED, np.where(diverged, _DIVERGED, kind))
    return Ends(_NAMES[kind], np.where(kind <= _LEFT, within.argmax(axis=-1), -1))


def reference(runs: Descents, ground: Ground, tolerance: float) -> float:
    """f* that these runs' arrivals are measured from; -inf: nobody can arrive."""
    if ground.lowest is not None:
        return ground.lowest
    # A surface that a run escapes on has shown that it has no lowest loss.
    return -np.inf if _escaped(runs).any() else _stand_in(runs, ground, tolerance)


def _escaped(runs: Descents) -> np.ndarray:
    """Whether a run has gone beyond all numbers downwards, on a surface without a known bound."""
    return (runs.diverged_at >= 0) & (runs.last_loss < -BOUND)


def _stand_in(runs: Descents, ground: Ground, tolerance: float) -> float:
    """The lowest loss known of a surface whose minimum is not; -inf: it is too early to tell."""
    losses = np.where(np.isfinite(runs.losses), runs.losses, np.inf)
    *run, step = np.unravel_index(losses.argmin(), losses.shape)
    best = float(losses[(*run, step)])
    if ground.floor < best:
        return ground.floor
    before = float(losses[..., : early(losses.shape[-1] - 1) + 1].min())
    drop = float(losses[(*run, 0)]) - best
    slope = float(_slope(runs, ground, int(step))[tuple(run)])
    return best if settled(best, before, drop, slope, tolerance) else -np.inf


def _slope(runs: Descents, ground: Ground, step: int) -> np.ndarray:
    """(...) norm of the gradient at a step times the reach of the window from there."""
    away = runs.params[..., step, :] - ground.centre
    return runs.grad_norms[..., step] * (ground.width + np.hypot(away[..., 0], away[..., 1]))


# In words --------------------------------------------------------------------------------------

WORDS = {
    "converged": "arrived",
    "left": "left again",
    "running": "on the way",
    "stationary": "at rest",
    "escaped": "escaped",
    "diverged": "diverged",
}


def told(outcome: str, arrived_at: int, diverged_at: int) -> str:
    """An outcome in words for people, no two of which can be true of one run."""
    if outcome == "diverged" and diverged_at == 0:
        return "not finite at the start"
    return {
        "converged": f"arrived at step {arrived_at}",
        "left": f"arrived at step {arrived_at}, left again",
        "running": "on its way",
        "stationary": "at rest above the lowest loss",
        "escaped": "escaped: the loss has no lower bound",
        "diverged": f"diverged at step {diverged_at}",
    }[outcome]


def counted(outcomes: np.ndarray) -> dict[str, int]:
    """How many runs came to each outcome, without those that none came to."""
    counts = {word: int(np.sum(outcomes == word)) for word in OUTCOMES}
    return {word: count for word, count in counts.items() if count}


def told_all(outcomes: np.ndarray) -> str:
    """The outcomes of several starts in words: `3 arrived, 61 diverged`."""
    return ", ".join(f"{count} {WORDS[word]}" for word, count in counted(outcomes).items())
