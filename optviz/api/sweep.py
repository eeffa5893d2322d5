"""Sweeping a rule's knobs over a grid."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from optviz.api.arguments import (
    AnyOptimizer,
    AnySchedule,
    AnySurface,
    as_float,
    as_plain,
    as_runs,
    as_schedule,
    as_surface,
)
from optviz.engine.surfaces import sweep as engine
from optviz.specs import Budget, RaceSpec, Run, SweepSpec
from optviz.specs.budget import SWEEP
from optviz.specs.surface import as_starts
from optviz.specs.sweep import axes_of


def sweep(
    surface: AnySurface,
    optimizer: AnyOptimizer,
    grid: Mapping[str, Any],
    *,
    start: Any = None,
    num_steps: int = 500,
    tolerance: float = 1e-6,
    dtype: str = "float32",
    schedules: Mapping[str, AnySchedule] | None = None,
    noise: float = 0.0,
    seed: int = 0,
    budget: Budget = SWEEP,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> engine.Sweep:
    """What becomes of a rule at every point of a grid of its knobs.

    Args:
        surface: a key, a Surface, an expression, or any JAX function f(x, y).
        optimizer: a key (where the learning rate is not swept it is the fair one, searched for
            this start, noise and number of steps; other knobs are at the class's defaults) or an
            Optimizer.
        grid: knob -> its values, in the order of the result's axes.
        start: (x, y), or (num_starts, 2); None: the surface's own.
        num_steps: 1 to 100,000, of every run.
        tolerance: share of the first error that counts as arrived.
        dtype: "float32" or "float64": the format computed in.
        schedules: knob -> its schedule, a key or an entry.
        noise: standard deviation of the noise on each coordinate of the gradient.
        seed: of the noise and of stochastic rules.
        budget: what the sweep may take; `optviz.Budget(gigabytes=32, seconds=36000)` lets a
            larger one through.
        progress: called between blocks, in this thread, with the share done so far.
        cancelled: asked between blocks.

    Raises:
        ValueError: one line with who, what is allowed and what came.
        SweepCancelledError: `cancelled` returned True.
    """
    where = as_surface(surface)
    if not isinstance(grid, Mapping):
        raise ValueError(f"grid must map knobs to their values, got {type(grid).__name__}")
    if schedules is not None and not isinstance(schedules, Mapping):
        raise ValueError(f"schedules must map knobs to schedules, got {type(schedules).__name__}")
    for name, told in (("progress", progress), ("cancelled", cancelled)):
        if told is not None and not callable(told):
            raise ValueError(f"{name} must be a function, got {type(told).__name__}")
    (run,) = as_runs([optimizer])
    own = {str(name): as_schedule(schedule) for name, schedule in (schedules or {}).items()}
    spec = SweepSpec(
        surface=where,
        run=replace(run, schedules=tuple((dict(run.schedules) | own).items())),
        grid=axes_of(run.optimizer, grid),
        start=as_starts(start),
        num_steps=as_plain(num_steps),
        tolerance=as_float(tolerance),
        dtype=dtype,
        noise=as_float(noise),
        seed=as_plain(seed),
    )
    if "learning_rate" not in grid:
        spec.check(budget)
        spec = replace(spec, run=_at_fair_rate(spec))
    return engine.run_sweep(spec, budget=budget, progress=progress, cancelled=cancelled)


def _at_fair_rate(spec: SweepSpec) -> Run:
    """The run of a sweep at the rate that is the best for it before its knobs are swept."""
    race = RaceSpec(
        surface=spec.surface,
        runs=(spec.run,),
        start=spec.start,
        num_steps=spec.num_steps,
        noise=spec.noise,
        seed=spec.seed,
        tolerance=spec.tolerance,
        dtype=spec.dtype,
    )
    (run,) = race.resolved()
    return run
