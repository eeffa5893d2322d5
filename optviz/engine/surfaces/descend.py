"""Descend a surface with several rules, with their paths recorded on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64, Int

from optviz.engine.factors import Factors, Job, evaluate, factors_for, factors_of
from optviz.engine.machine.precision import on_cpu
from optviz.engine.surfaces.loop import inputs_of, record_path, record_paths, record_series
from optviz.engine.surfaces.selection import Field, records
from optviz.specs.budget import capacity_for, padded_starts
from optviz.surfaces import Surface

__all__ = ["BOUND", "Descents", "Factors", "Job", "descend", "factors_of"]

# A run has diverged where params or loss are beyond this many times those of its start, or this.
BOUND = 1e12


class Descents(NamedTuple):
    """What the rules did.

    `*runs` is (num_rules,), or (num_rules, num_starts) with several starts; points are
    num_steps + 1.
    """

    params: Float64[np.ndarray, "*runs points 2"]  # the answers, the start first
    losses: Float64[np.ndarray, "*runs points"]  # without noise
    grad_norms: Float64[np.ndarray, "*runs points"]  # without noise
    evaluations: Float64[np.ndarray, "*runs points"]
    # -1: did not; from there on the arrays repeat the state before
    diverged_at: Int[np.ndarray, "*runs"]
    last_loss: Float64[np.ndarray, "*runs"]  # at `diverged_at`, finite or not; else the final loss
    # per rule: the factor of a learning rate whose schedule sees the loss, or None
    observed: tuple[Float64[np.ndarray, "*starts steps"] | None, ...]


def descend(
    jobs: Sequence[Job],
    surface: Surface,
    start: np.ndarray,
    *,
    num_steps: int,
    noise: float = 0.0,
    seed: int = 0,
    dtype: str = "float64",
    steps_per_epoch: int = 1,
    stop: int | None = None,
) -> Descents:
    """Run every rule from the same start(s) under the same noise.

    Args:
        jobs: rules with their schedules.
        surface: the loss.
        start: (2,), or (num_starts, 2).
        num_steps: at most the largest capacity.
        noise: standard deviation of the noise on each coordinate of the gradient.
        seed: of the noise, and of the keys that stochastic rules get.
        dtype: "float64" or "float32", the format computed in.
        steps_per_epoch: schedules that see the loss are told it this often.
        stop: take only so many of the steps.

    Returns:
        float64 arrays.

    Raises:
        ValueError: a schedule takes a knob out of its domain.
    """
    capacity = capacity_for(num_steps + 1)
    padded = _pad_starts(start)
    rules = tuple(job.rule for job in jobs)
    taken = num_steps if stop is None else min(stop, num_steps)
    with on_cpu(dtype):
        lengths = (num_steps, steps_per_epoch, capacity, dtype)
        factors = tuple(factors_for(job, *lengths) for job in jobs)
        inputs = inputs_of(taken, noise, seed, capacity, dtype, surface.params_shape)
        kept = records(
            Field(rules, surface, factors, padded.astype(dtype), inputs, capacity, dtype)
        )
    # Of all numbers at once, for that is the quickest. What is behind the last state is zero, and
    # NaN compares as false.
    calm = kept.max() <= BOUND and kept.min() >= -BOUND
    if start.ndim == 2:
        kept = kept[:, : len(start)]
    # Whoever asked may write to it, whichever way it was computed; so what JAX holds is copied.
    kept = kept[..., : taken + 1, :].astype(np.float64, copy=not kept.flags.writeable)
    losses = kept[..., 2]
    runs = Descents(
        params=kept[..., :2],
        losses=losses,
        grad_norms=kept[..., 3],
        evaluations=kept[..., 4],
        diverged_at=np.full(losses.shape[:-1], -1),
        last_loss=losses[..., -1].copy(),
        observed=tuple(
            record[..., :-1, 5] if "learning_rate" in f.watchers else None
            for record, (f, _) in zip(kept, factors, strict=True)
        ),
    )
    if not calm:
        _hold(runs, kept)
    return runs


def compile_count() -> int:
    """How many loops have been compiled in this process: a measure for tests and benchmarks.

    Programs of all loops of a selection, which are made beside the races, do not count.
    """
    loops: tuple[Any, ...] = (record_path(), record_paths(), record_series(), evaluate)
    return sum(loop._cache_size() for loop in loops)


def _pad_starts(start: np.ndarray) -> np.ndarray:
    """Repeat the last start up to a power of two, so that few numbers of starts are compiled."""
    if start.ndim == 1:
        return start
    missing = padded_starts(len(start)) - len(start)
    return np.concatenate([start, np.repeat(start[-1:], missing, axis=0)])


def _hold(runs: Descents, kept: np.ndarray) -> None:
    """Hold what diverged at its last good state, in the records that the runs are parts of."""
    calm = (np.abs(kept[..., :3]) <= BOUND).all(axis=(-2, -1))  # NaN compares as false
    rough = kept[~calm][..., :3]
    with np.errstate(invalid="ignore", over="ignore"):
        sizes = np.abs(rough)
        bad = ~(sizes[..., 2] <= bounds(sizes[:, :1, 2]))
        bad |= ~(sizes[..., :2].max(axis=-1) <= bounds(sizes[:, :1, :2].max(axis=-1)))
    runs.diverged_at[~calm] = np.where(bad.any(axis=-1), bad.argmax(axis=-1), -1)
    for run in zip(*np.nonzero(runs.diverged_at >= 0), strict=True):
        at, record = runs.diverged_at[run], kept[run]
        runs.last_loss[run] = record[at, 2]
        # A start that is bad itself stays as it is: there is nothing before it to repeat.
        good = max(at - 1, 0)
        record[good + 1 :, :5] = record[good, :5]


def bounds(start: Any, xp: Any = np) -> Any:
    """What a magnitude that is `start` at the start must not exceed; never infinite."""
    return xp.minimum(BOUND * xp.maximum(start, 1), xp.finfo(start.dtype).max)
