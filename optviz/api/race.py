"""Racing optimizers down a surface, and the result."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optviz.analysis.race.record import RaceRecord, record_race
from optviz.api.arguments import (
    AnyOptimizer,
    AnySchedule,
    AnySurface,
    as_float,
    as_plain,
    as_runs,
    as_surface,
    common_schedule,
    with_schedules,
)
from optviz.folders import replacing
from optviz.specs import Budget, RaceSpec
from optviz.specs.budget import RACE
from optviz.specs.surface import as_starts

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


class Race(RaceRecord):
    """What became of a race, with ways to look at it and to take it away.

    See `RaceRecord` for its arrays.
    """

    def summary(self) -> pd.DataFrame:
        """One row an optimizer (and start): final loss, steps to tolerance, outcome, …"""
        from optviz.export.tables import summary_frame

        return summary_frame(self)

    def figure(self) -> go.Figure:
        """A still Plotly figure: paths on the contour map, losses and learning rates beside it."""
        from optviz.figures.race import race_figure

        return race_figure(self)

    def html(self) -> str:
        """The animated player with this race in one self-contained HTML page."""
        from optviz.export.pages import race_page

        return race_page(self)

    def save(self, path: str | Path) -> Path:
        """Write the race to a file; its suffix decides the form: .html, .json, .csv, .png,
        .svg or .pdf.

        Raises:
            ValueError: another suffix.
        """
        path = Path(path)
        writer = WRITERS.get(path.suffix.lower())
        if writer is None:
            raise ValueError(f"a race is saved as {', '.join(WRITERS)}, got {path.name!r}")
        with replacing(path) as scratch:
            writer(self, scratch)
        return path

    def _repr_html_(self) -> str:
        from optviz.export.pages import notebook_frame

        return notebook_frame(self.html())


def _save_json(result: Race, path: Path) -> None:
    path.write_text(json.dumps(result.to_json(), allow_nan=False), encoding="utf-8")


def _save_html(result: Race, path: Path) -> None:
    path.write_text(result.html(), encoding="utf-8")


def _save_csv(result: Race, path: Path) -> None:
    from optviz.export.cells import as_cells
    from optviz.export.tables import steps_frame

    as_cells(steps_frame(result)).to_csv(path, index=False)


def _save_picture(result: Race, path: Path) -> None:
    from optviz.export.pictures import save_picture

    save_picture(result, path)


WRITERS = {
    ".html": _save_html,
    ".json": _save_json,
    ".csv": _save_csv,
    **dict.fromkeys((".png", ".svg", ".pdf"), _save_picture),
}


def race(
    surface: AnySurface,
    optimizers: Sequence[AnyOptimizer] | Mapping[str, AnyOptimizer],
    *,
    start: Any = None,
    num_steps: int = 300,
    schedule: AnySchedule | Mapping[str, Any] | None = None,
    noise: float = 0.0,
    seed: int = 0,
    tolerance: float = 1e-6,
    dtype: str = "float64",
    steps_per_epoch: int = 1,
    budget: Budget = RACE,
) -> Race:
    """Race optimizers down a surface: same start, same noise, same number of steps.

    Args:
        surface: a key, a Surface, `expression("x**2 + 3*y**2")`, or any JAX function f(x, y).
        optimizers: keys (each at its fair rate: the best for exactly this race), Optimizers, or
            optax GradientTransformations; or a mapping from label to one of these.
        start: (x, y), or (num_starts, 2); None: the surface's own.
        num_steps: 1 to 100,000.
        schedule: of the learning rate, for all: a key, a Schedule or a product of them
            (`Warmup() * Cosine()`); or a mapping by label, whose values are schedules of the
            learning rate or mappings from any knob to its schedule.
        noise: standard deviation of the noise on each coordinate of the gradient.
        seed: of the noise.
        tolerance: share of the first error that counts as arrived.
        dtype: "float64" or "float32": the format computed in; results are float64.
        steps_per_epoch: how often a schedule that sees the loss is told it.
        budget: what the race may take; on a large machine `optviz.Budget(gigabytes=32,
            seconds=3600)` lets a larger one through.

    Raises:
        ValueError: one line with who, what is allowed and what came.
    """
    spec = RaceSpec(
        surface=as_surface(surface),
        runs=as_runs(optimizers),
        start=as_starts(start),
        num_steps=as_plain(num_steps),
        schedule=common_schedule(schedule),
        noise=as_float(noise),
        seed=as_plain(seed),
        tolerance=as_float(tolerance),
        dtype=dtype,
        steps_per_epoch=as_plain(steps_per_epoch),
    )
    if isinstance(schedule, Mapping):
        spec = with_schedules(spec, schedule)
    return run_race(spec, budget)


def run_race(spec: RaceSpec, budget: Budget = RACE) -> Race:
    """Run the race that `spec` asks for.

    Raises:
        ValueError: the spec is not valid, or the surface is not finite at a start.
    """
    record = record_race(spec, budget)
    return Race(record.spec, record.labels, record.descents, record.learning_rates)
