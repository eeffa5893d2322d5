"""A race as it was asked for, and its forms as a link and as JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, TypeAlias

from optviz.catalog import validate
from optviz.optimizers import Optimizer
from optviz.optimizers.base import Problem
from optviz.schedules import Schedule
from optviz.specs.checks import check_real, check_whole
from optviz.specs.rates import fair_rate
from optviz.specs.run import Run, labels, with_rate
from optviz.specs.schedule import parse_schedule
from optviz.specs.text import (
    entry_text,
    parse_entry,
    parse_number,
    parse_point,
    parse_whole,
    point_text,
    value_text,
)
from optviz.surfaces import SURFACES, Point, Surface
from optviz.surfaces.expression import Expression, expression

Starts: TypeAlias = Point | tuple[Point, ...]

MAX_STEPS, MAX_STARTS, MAX_RUNS = 100_000, 1024, 64
DTYPES = ("float64", "float32")


@dataclass(frozen=True)
class RaceSpec:
    """Everything that decides a race: equal specs give equal races, bit for bit.

    Attributes:
        surface: what is descended.
        runs: who races.
        start: one point, or several; None: the surface's own.
        num_steps: length of the race, 1 to 100,000.
        schedule: of the learning rate, for every run that has none of its own.
        noise: standard deviation of the noise on each coordinate of the gradient.
        seed: of the noise and of stochastic rules.
        tolerance: share of the first error that counts as arrived.
        dtype: "float64" or "float32".
        rates: learning rate of the runs that said none: "tuned" (the table), "default" (the
            class's) or one number for all.
        steps_per_epoch: how often schedules that see the loss are told it, and the unit of the
            axis on the page of schedules; a surface itself knows no epochs.
    """

    surface: Surface
    runs: tuple[Run, ...]
    start: Starts | None = None
    num_steps: int = 300
    schedule: Schedule | None = None
    noise: float = 0.0
    seed: int = 0
    tolerance: float = 1e-6
    dtype: str = "float64"
    rates: str | float = "tuned"
    steps_per_epoch: int = 1

    def check(self) -> None:
        """Raise `ValueError`, one line with who, what is allowed and what came."""
        validate(self.surface)
        if not 1 <= len(self.runs) <= MAX_RUNS:
            raise ValueError(
                f"a race needs 1 to {MAX_RUNS} optimizers, got {len(self.runs) or 'none'}"
            )
        for run in self.runs:
            run.check()
            run.check_on(self.problem)
        if self.schedule is not None:
            validate(self.schedule)
        check_whole("num_steps", self.num_steps, 1, MAX_STEPS)
        check_whole("seed", self.seed, 0, 2**32 - 1)
        check_whole("steps_per_epoch", self.steps_per_epoch, 1, MAX_STEPS)
        check_real("noise", self.noise, 0, math.inf)
        check_real("tolerance", self.tolerance, 0, 1)
        if self.dtype not in DTYPES:
            raise ValueError(f"dtype must be one of {', '.join(DTYPES)}, got {self.dtype!r}")
        if isinstance(self.rates, str):
            if self.rates not in ("tuned", "default"):
                raise ValueError(f"rates must be tuned, default or a number, got {self.rates!r}")
        else:
            check_real("rates", self.rates, 0, math.inf)
        points = self.starts
        if not 1 <= len(points) <= MAX_STARTS:
            raise ValueError(f"start must have 1 to {MAX_STARTS} points, got {len(points)}")
        for point in points:
            if len(point) != 2 or not all(math.isfinite(v) for v in point):
                raise ValueError(f"start must be two finite numbers x, y, got {point!r}")

    @property
    def problem(self) -> Problem:
        """What decides which rules can run."""
        return problem_on(self.surface, self.noise)

    @property
    def starts(self) -> tuple[Point, ...]:
        """Every start, the surface's own filled in."""
        if self.start is None:
            return (self.surface.start,)
        if self.has_many_starts:
            return self.start  # pyright: ignore[reportReturnType]
        return (self.start,)  # pyright: ignore[reportReturnType]

    @property
    def has_many_starts(self) -> bool:
        return self.start is not None and (not self.start or isinstance(self.start[0], tuple))

    @cached_property
    def labels(self) -> tuple[str, ...]:
        return labels(self.resolved())

    def resolved(self) -> tuple[Run, ...]:
        """The runs with every learning rate and schedule filled in."""
        return self._resolved

    @cached_property
    def _resolved(self) -> tuple[Run, ...]:
        return tuple(self._fill(run) for run in self.runs)

    def _fill(self, run: Run) -> Run:
        run = with_rate(run, self.rate_for(run.optimizer))
        if self.schedule is not None and run.schedule_of("learning_rate") is None:
            has_rate = hasattr(run.optimizer, "learning_rate")
            extra = (("learning_rate", self.schedule),) if has_rate else ()
            run = replace(run, schedules=(*run.schedules, *extra))
        return run

    def rate_for(self, optimizer: Optimizer) -> float | None:
        """The learning rate for a run that said none; None: its class's default."""
        if optimizer.own_rate:
            return None
        if self.rates == "tuned":
            return fair_rate(self.surface, optimizer)
        return None if isinstance(self.rates, str) else float(self.rates)

    # Links ------------------------------------------------------------------------------------

    def to_query(self) -> dict[str, list[str]]:
        """The parameters of a link, without what is at its default.

        Raises:
            ValueError: the race holds a Python function, which no link can carry.
        """
        query: dict[str, list[str]] = {}
        if isinstance(self.surface, Expression):
            query["expression"] = [self.surface.text]
            query["xlim"] = [point_text(self.surface.xlim)]
            query["ylim"] = [point_text(self.surface.ylim)]
        elif type(self.surface) in SURFACES.values():
            query["surface"] = [entry_text(self.surface)]
        else:
            raise ValueError(f"{self.surface.label} has no link: it lives in Python only")
        for run in self.runs:
            if not hasattr(run.optimizer, "name"):
                raise ValueError(f"{run.optimizer.label} has no link: it lives in Python only")
        query["run"] = [run.text() for run in self.runs]
        if self.start is not None:
            query["start"] = [";".join(map(point_text, self.starts))]
            if self.has_many_starts and len(self.starts) == 1:
                query["start"][0] += ";"
        if self.schedule is not None:
            query["schedule"] = [entry_text(self.schedule)]
        for field in fields(self):
            if field.name in _SCALARS and getattr(self, field.name) != field.default:
                query[field.name] = [value_text(getattr(self, field.name))]
        return query

    @classmethod
    def from_query(
        cls, query: Mapping[str, Sequence[str]], base: RaceSpec
    ) -> tuple[RaceSpec, list[str]]:
        """Read a link; what is damaged keeps the value of `base` and is reported.

        Returns:
            The spec, and one line for everything that was ignored.
        """
        spec = base
        unknown = [name for name in query if name not in _READERS]
        problems = [f"{name!r} is not a setting of a race" for name in unknown]
        for name, read in _READERS.items():
            values = [value for value in query.get(name, []) if value]
            if not values:
                continue
            try:
                changed = read(spec, values, problems)
                changed.check()
            except ValueError as error:
                problems.append(f"{name}: {error}")
            else:
                spec = changed
        return spec, problems

    # JSON -------------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data; surfaces and rules that live in Python are there by label only."""
        in_catalog = type(self.surface) in SURFACES.values()
        surface = entry_text(self.surface) if in_catalog else self.surface.label
        return {
            "surface": None if isinstance(self.surface, Expression) else surface,
            "expression": getattr(self.surface, "text", None),
            "xlim": list(self.surface.xlim),
            "ylim": list(self.surface.ylim),
            "optimizers": [
                run.text() if hasattr(run.optimizer, "name") else run.optimizer.label
                for run in self.resolved()
            ],
            "start": [list(p) for p in self.starts],
            "schedule": entry_text(self.schedule) if self.schedule else None,
            **{name: getattr(self, name) for name in _SCALARS},
        }


_SCALARS = ("num_steps", "noise", "seed", "tolerance", "dtype", "rates", "steps_per_epoch")
Reader: TypeAlias = Callable[[RaceSpec, Sequence[str], list[str]], RaceSpec]


def problem_on(surface: Surface, noise: float = 0.0) -> Problem:
    """A surface as rules see it."""
    shape = surface.params_shape
    return Problem(surface.label, math.prod(shape), len(shape) > 1, noise == 0)


def parse_surface(text: str) -> Surface:
    """A catalogued surface from `KEY:knob=value`."""
    return parse_entry(text, SURFACES)[0]


def parse_starts(text: str) -> Starts:
    """`x,y` is one start; `x,y;x,y` (or a trailing `;`) is several."""
    points = tuple(parse_point(part, "start") for part in text.split(";") if part.strip())
    if not points:
        raise ValueError(f"start must be x,y, got {text!r}")
    return points if ";" in text else points[0]


def parse_rates(text: str) -> str | float:
    """`tuned`, `default` or one learning rate for all."""
    return text if text.isalpha() and text not in ("nan", "inf") else parse_number(text, "rates")


def _read_expression(spec: RaceSpec, values: Sequence[str], _: list[str]) -> RaceSpec:
    return replace(spec, surface=expression(values[0]), start=None)


def _read_window(axis: str) -> Reader:
    def read(spec: RaceSpec, values: Sequence[str], _: list[str]) -> RaceSpec:
        if not isinstance(spec.surface, Expression):
            raise ValueError("only an expression has a window of its own")
        limits = {"xlim": spec.surface.xlim, "ylim": spec.surface.ylim}
        limits[axis] = parse_point(values[0], axis)
        return replace(spec, surface=expression(spec.surface.text, **limits))

    return read


def _read_runs(spec: RaceSpec, values: Sequence[str], problems: list[str]) -> RaceSpec:
    runs = []
    for text in values[:MAX_RUNS]:
        try:
            runs.append(Run.parse(text))
        except ValueError as error:
            problems.append(f"run: {error}")
    if len(values) > MAX_RUNS:
        problems.append(f"run: only the first {MAX_RUNS} of {len(values)} are read")
    return replace(spec, runs=tuple(runs)) if runs else spec


_READERS: dict[str, Reader] = {
    "surface": lambda s, v, _: replace(s, surface=parse_surface(v[0]), start=None),
    "expression": _read_expression,
    "xlim": _read_window("xlim"),
    "ylim": _read_window("ylim"),
    "run": _read_runs,
    "start": lambda s, v, _: replace(s, start=parse_starts(v[0])),
    "schedule": lambda s, v, _: replace(s, schedule=parse_schedule(v[0])),
    "num_steps": lambda s, v, _: replace(s, num_steps=parse_whole(v[0], "num_steps")),
    "noise": lambda s, v, _: replace(s, noise=parse_number(v[0], "noise")),
    "seed": lambda s, v, _: replace(s, seed=parse_whole(v[0], "seed")),
    "tolerance": lambda s, v, _: replace(s, tolerance=parse_number(v[0], "tolerance")),
    "dtype": lambda s, v, _: replace(s, dtype=v[0]),
    "rates": lambda s, v, _: replace(s, rates=parse_rates(v[0])),
    "steps_per_epoch": lambda s, v, _: replace(
        s, steps_per_epoch=parse_whole(v[0], "steps_per_epoch")
    ),
}
