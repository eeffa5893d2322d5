"""Racing optimizers down a surface, and the result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from optviz.analysis.convergence import Ends, ends
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
from optviz.engine.descend import Descents, Job, descend, factors_of
from optviz.engine.ground import ground
from optviz.folders import replacing
from optviz.specs import Budget, RaceSpec
from optviz.specs.budget import RACE
from optviz.specs.surface import as_starts
from optviz.specs.text import counted
from optviz.surfaces import Surface

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


@dataclass(frozen=True, eq=False, repr=False)
class Race:
    """What became of a race: paths and losses of every optimizer, the start first.

    With an array of starts every array of one row per optimizer has a second axis `num_starts`.

    What became of the runs is worked out when it is first asked for.

    Attributes:
        spec: what was asked.
        labels: one name an optimizer, all different.
        descents: what was recorded.
        learning_rates: (num_optimizers, num_steps); NaN for a rule that has none.
    """

    spec: RaceSpec
    labels: tuple[str, ...]
    descents: Descents
    learning_rates: np.ndarray

    @property
    def params(self) -> np.ndarray:
        """(num_optimizers, num_steps + 1, 2) the answers."""
        return self.descents.params

    @property
    def losses(self) -> np.ndarray:
        """(num_optimizers, num_steps + 1) without noise."""
        return self.descents.losses

    @property
    def grad_norms(self) -> np.ndarray:
        """(num_optimizers, num_steps + 1) without noise."""
        return self.descents.grad_norms

    @property
    def evaluations(self) -> np.ndarray:
        """(num_optimizers, num_steps + 1) gradient evaluations so far."""
        return self.descents.evaluations

    @property
    def outcomes(self) -> np.ndarray:
        """(num_optimizers,) "converged", "left", "running", "stationary", "escaped" or "diverged".

        See `optviz.analysis.convergence.ends`.
        """
        return self._ends.outcomes

    @property
    def diverged_at(self) -> np.ndarray:
        """(num_optimizers,) first index whose state is not finite or too large, or -1.

        Too large is beyond 1e12 times that of the start (at least 1e12).
        """
        return self.descents.diverged_at

    @property
    def steps_to_tolerance(self) -> np.ndarray:
        """(num_optimizers,) index of the first arrival of a run that converged or left, else -1."""
        return self._ends.steps_to_tolerance

    @cached_property
    def _ends(self) -> Ends:
        heights = ground(self.spec.surface, self.spec.dtype)
        return ends(self.descents, heights, self.spec.tolerance)

    @property
    def surface(self) -> Surface:
        return self.spec.surface

    @property
    def keys(self) -> tuple[str, ...]:
        """Name of each run's rule, which decides its colour."""
        return tuple(getattr(r.optimizer, "name", r.optimizer.label) for r in self.spec.runs)

    @property
    def start(self) -> np.ndarray:
        """(2,), or (num_starts, 2)."""
        return self.params[0, ..., 0, :]

    @property
    def num_steps(self) -> int:
        return self.spec.num_steps

    @cached_property
    def id(self) -> str:
        """A short name of exactly these numbers."""
        digest = hashlib.blake2b(self.params.tobytes(), digest_size=8)
        digest.update(repr((self.spec, self.labels)).encode())
        return digest.hexdigest()

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

    def to_json(self) -> dict[str, Any]:
        """Plain data: spec, labels, params, losses, learning rates, outcomes, steps.

        What is not finite is None, for JSON has no such numbers.
        """
        return {
            "spec": self.spec.to_json(),
            "labels": list(self.labels),
            "params": _plain(self.params),
            "losses": _plain(self.losses),
            "learning_rates": _plain(self.learning_rates),
            "outcomes": self.outcomes.tolist(),
            "steps_to_tolerance": self.steps_to_tolerance.tolist(),
        }

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

    def __repr__(self) -> str:
        ends = ", ".join(map("{} {}".format, self.labels, self.outcomes.tolist()))
        return f"<Race on {self.surface.label}, {counted(self.num_steps, 'step')}: {ends}>"


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
    spec.check(budget)
    runs = spec.resolved()
    start = np.asarray(spec.starts, np.float64)
    start = start if spec.has_many_starts else start[0]
    descents = descend(
        [Job(run.optimizer, dict(run.schedules)) for run in runs],
        spec.surface,
        start,
        num_steps=spec.num_steps,
        noise=spec.noise,
        seed=spec.seed,
        dtype=spec.dtype,
        steps_per_epoch=spec.steps_per_epoch,
    )
    _check_start(spec, start, descents.losses[0, ..., 0])
    return Race(spec, spec.labels, descents, _learning_rates(spec, descents.observed))


def _check_start(spec: RaceSpec, start: np.ndarray, losses: np.ndarray) -> None:
    if not np.isfinite(losses).any():
        point = tuple(np.atleast_2d(start)[0].tolist())
        raise ValueError(
            f"{_describe(spec.surface)} is not finite at the start {point}: choose another start"
        )


def _describe(surface: Surface) -> str:
    text = getattr(surface, "text", None)
    return f"expression {text!r}" if text else surface.label


def _learning_rates(spec: RaceSpec, observed: Sequence[np.ndarray | None]) -> np.ndarray:
    """What each step was taken with: base value × schedule × what came of looking at the loss."""
    runs = spec.resolved()
    base = [getattr(run.optimizer, "learning_rate", np.nan) for run in runs]
    starts = (len(spec.starts),) if spec.has_many_starts else ()
    rates = np.empty((len(runs), *starts, spec.num_steps))
    rates[:] = np.reshape(base, (-1, *(1 for _ in starts), 1))
    for row, run, factors in zip(rates, runs, observed, strict=True):
        if run.schedules and (schedule := run.schedule_of("learning_rate")) is not None:
            row *= factors_of(schedule, spec.num_steps, spec.steps_per_epoch, spec.dtype)
        if factors is not None:
            row *= factors
    return rates


def _plain(array: np.ndarray) -> list[Any]:
    """Nested lists with None in place of what is not finite, which JSON does not have."""
    finite = np.isfinite(array)
    if not finite.all():
        array = array.astype(object)
        array[~finite] = None
    return array.tolist()
