"""Sweep a rule's knobs: what becomes of a run at every point of a grid, without its path.

The grid is cut into blocks; each block is one vectorised loop, and two blocks run at a time. Knob
values, starts, surface, noise, schedule and the number of steps are traced: new values compile
nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from math import inf, nan, prod

import jax
import numpy as np

from optviz.engine.factors import Job, check_domain, factors_for, factors_of
from optviz.engine.machine.precision import cast, on_cpu
from optviz.engine.surfaces.descend import BOUND
from optviz.engine.surfaces.ends import Ends, ends_of
from optviz.engine.surfaces.ground import Ground, early, ground, settled
from optviz.engine.surfaces.loop import inputs_of
from optviz.optimizers import Optimizer
from optviz.specs.budget import SWEEP, Budget, capacity_for
from optviz.specs.sweep import SweepSpec
from optviz.surfaces import Surface

# Points in a block: few sizes, so that few are compiled; the largest keeps a rule's state in cache.
BLOCKS = (64, 512, 4096)
THREADS = 2

Progress = Callable[[float], None]
Cancelled = Callable[[], bool]


class SweepCancelledError(Exception):
    """The caller's `cancelled` said so; nothing is returned."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """What became of a run at every point of a grid.

    Every array has one axis per swept knob, in the order given; with an array of starts a last axis
    `num_starts` follows. Definitions are those of a race.

    Attributes:
        surface: what was descended.
        optimizer: the rule; its swept knobs hold what it came with.
        grid: swept knob -> its values (n,) float64.
        start: (2,), or (num_starts, 2).
        num_steps: length of every run.
        tolerance: share of the first error that counts as arrived.
        lowest: f* that tolerance is measured from: the surface's; where that is not known the
            lowest loss of all runs and of the window, if it may stand in for it; else -inf.
        initial_losses: loss at the start.
        final_losses: loss at the end; of a run that diverged, the last good one.
        last_losses: the same, but of a run that diverged the loss at `diverged_at`.
        steps_to_tolerance: index of the first state within tolerance; -1: not reached, or
            diverged afterwards.
        diverged_at: first index whose state is not finite or beyond 1e12 times the start's (and
            beyond 1e12); -1: none.
    """

    surface: Surface
    optimizer: Optimizer
    grid: Mapping[str, np.ndarray]
    start: np.ndarray
    num_steps: int
    tolerance: float
    lowest: float
    initial_losses: np.ndarray
    final_losses: np.ndarray
    last_losses: np.ndarray
    steps_to_tolerance: np.ndarray
    diverged_at: np.ndarray


def run_sweep(
    spec: SweepSpec,
    *,
    budget: Budget = SWEEP,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Sweep:
    """Run a rule at every point of a grid of knob values.

    Args:
        spec: what is asked for.
        budget: what the sweep may take.
        progress: called between blocks, in this thread, with the share done so far.
        cancelled: asked between blocks.

    Raises:
        ValueError: one line with who, what is allowed and what came; before anything is compiled.
        SweepCancelledError: `cancelled` returned True.
    """
    spec.check(budget)
    _check_schedules(spec)
    surface, points = spec.surface, _Points(spec)
    where = ground(surface, spec.dtype)

    def run(lowest: float | None, share: float, done: float) -> Ends:
        bounded = lowest is not None and lowest > -inf
        target = np.asarray([lowest if bounded else nan, spec.tolerance])  # NaN: never arrives

        def report(part: float) -> None:
            if progress is not None:
                progress(done + share * part)

        return _run_blocks(spec, points, target, lowest is None, report, cancelled)

    known = where.lowest
    if known is None:  # the best of all runs takes the minimum's place, and a second pass reads it
        ends = run(None, 0.5, 0.0)
        known = _stand_in(ends, where, spec.tolerance)
        if known > -inf:
            ends = run(known, 0.5, 0.5)
    else:
        ends = run(known, 1.0, 0.0)
    if not np.isfinite(ends.initial).any():
        point = tuple(points.starts[0].tolist())
        raise ValueError(
            f"{surface.label} is not finite at the start {point}: choose another start"
        )

    steps = np.where(ends.diverged_at < 0, ends.arrived_at, -1)
    return Sweep(
        surface=surface,
        optimizer=spec.run.optimizer,
        grid=points.values,
        start=points.starts if spec.has_many_starts else points.starts[0],
        num_steps=spec.num_steps,
        tolerance=spec.tolerance,
        lowest=known,
        initial_losses=ends.initial.astype(np.float64).reshape(spec.shape),
        final_losses=ends.final.astype(np.float64).reshape(spec.shape),
        last_losses=ends.last.astype(np.float64).reshape(spec.shape),
        steps_to_tolerance=steps.astype(np.int64).reshape(spec.shape),
        diverged_at=ends.diverged_at.astype(np.int64).reshape(spec.shape),
    )


def _check_schedules(spec: SweepSpec) -> None:
    """Raise `ValueError` where a schedule takes a value of a swept knob out of its domain."""
    schedules = dict(spec.run.schedules)
    for name, values in spec.grid:
        if name in schedules:  # what the schedule makes of the ends of its range
            factors = factors_of(schedules[name], spec.num_steps, 1, spec.dtype)
            for value in (min(values), max(values)):
                ends = (float(factors.min()), float(factors.max()))
                check_domain(replace(spec.run.optimizer, **{name: value}), name, ends)


class _Points:
    """The product of all knob values and starts, cut as needed: the last axis runs fastest."""

    def __init__(self, spec: SweepSpec) -> None:
        self.values = {name: np.asarray(values) for name, values in spec.grid}
        self.starts = np.asarray(spec.starts, np.float64)
        self.shape = (*map(len, self.values.values()), len(self.starts))
        self.total = prod(self.shape)
        self.block = next((b for b in BLOCKS if b >= self.total), BLOCKS[-1])

    def cut(self, first: int, dtype: str) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Knob values (block,) and starts (block, 2); past the end the last point is repeated."""
        flat = np.minimum(np.arange(first, first + self.block), self.total - 1)
        index = np.unravel_index(flat, self.shape)
        swept = zip(self.values.items(), index[:-1], strict=True)
        knob_values = {name: values[i].astype(dtype) for (name, values), i in swept}
        return knob_values, self.starts[index[-1]].astype(dtype)


def _run_blocks(
    spec: SweepSpec,
    points: _Points,
    target: np.ndarray,
    seek: bool,
    progress: Progress,
    cancelled: Cancelled | None,
) -> Ends:
    capacity = capacity_for(spec.num_steps + 1)
    surface, dtype = spec.surface, spec.dtype
    job = Job(spec.run.optimizer, dict(spec.run.schedules))
    with on_cpu(dtype):
        common = (
            cast(job.rule, dtype),
            factors_for(job, spec.num_steps, 1, capacity, dtype)[0],
            cast(surface, dtype),
            inputs_of(spec.num_steps, spec.noise, spec.seed, capacity, dtype, surface.params_shape),
        )
    where = ground(surface, dtype)
    view = np.asarray([*where.centre, where.width, early(spec.num_steps)])

    def run(first: int) -> Ends:
        with on_cpu(dtype):  # the scope belongs to the thread
            block = points.cut(first, dtype)
            numbers = (view.astype(dtype), target.astype(dtype))
            return jax.tree.map(np.asarray, ends_of(*block, *common, *numbers, seek=seek))

    firsts = range(0, points.total, points.block)
    done: dict[int, Ends] = {}
    for first, ends in _two_at_a_time(run, firsts, cancelled):
        done[first] = ends
        progress(len(done) / len(firsts))
    return jax.tree.map(
        lambda *parts: np.concatenate(parts)[: points.total], *map(done.__getitem__, firsts)
    )


def _stand_in(ends: Ends, where: Ground, tolerance: float) -> float:
    """As a race has it: the lowest loss known; -inf: it is too early to tell."""
    low = ends.low
    assert low is not None
    if ((ends.diverged_at >= 0) & (ends.last < -BOUND)).any():
        return -inf
    at = int(np.argmin(low.best))
    best, first = float(low.best[at]), float(ends.initial[at])
    if where.floor < best:
        return where.floor
    before, slope = float(np.min(low.early)), float(low.slope[at])
    return best if settled(best, before, first - best, slope, tolerance) else -inf


def _two_at_a_time(
    run: Callable[[int], Ends], firsts: Sequence[int], cancelled: Cancelled | None
) -> Iterator[tuple[int, Ends]]:
    """(first, result) as they come; the first block goes alone, for it may have to compile."""
    waiting = iter(firsts)
    with ThreadPoolExecutor(THREADS) as pool:
        running: dict[Future[Ends], int] = {}
        room = 1
        while True:
            if cancelled is not None and cancelled():
                raise SweepCancelledError("the sweep was cancelled")
            for first in itertools.islice(waiting, room - len(running)):
                running[pool.submit(run, first)] = first
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()
            room = THREADS
