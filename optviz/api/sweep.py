"""Sweeping a rule's knobs over a grid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from optviz.api.arguments import AnyOptimizer, AnySurface, as_runs, as_surface
from optviz.engine import compile_cache
from optviz.engine import sweep as engine
from optviz.specs.rates import fair_rate
from optviz.specs.run import with_rate


def sweep(
    surface: AnySurface,
    optimizer: AnyOptimizer,
    grid: Mapping[str, Any],
    *,
    start: Any = None,
    num_steps: int = 500,
    tolerance: float = 1e-6,
    dtype: str = "float32",
    **options: Any,
) -> engine.Sweep:
    """What becomes of a rule at every point of a grid of its knobs.

    Args:
        surface: a key, a Surface, an expression, or any JAX function f(x, y).
        optimizer: a key (knobs that are not swept at the surface's tabled rate and the class's
            defaults) or an Optimizer.
        grid: knob -> its values, in the order of the result's axes.
        start: (x, y), or (num_starts, 2); None: the surface's own.
        num_steps: length of every run.
        tolerance: share of the first error that counts as arrived.
        dtype: "float32" or "float64": the format computed in.
        **options: `noise`, `seed`, `schedules`, `progress`, `cancelled` of the engine's sweep.

    Raises:
        ValueError: one line with who, what is allowed and what came.
    """
    compile_cache.enable()
    where = as_surface(surface)
    (run,) = as_runs([optimizer])
    run = with_rate(run, fair_rate(where, run.optimizer))
    return engine.sweep(
        where,
        run.optimizer,
        {name: np.asarray(values) for name, values in grid.items()},
        start=start,
        num_steps=num_steps,
        tolerance=tolerance,
        dtype=dtype,
        **options,
    )
