"""A sweep as it was asked for: one rule at every point of a grid of its knobs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from optviz.catalog import knobs, shown, switches, unknown, validate
from optviz.optimizers import Optimizer
from optviz.specs.budget import SWEEP, Budget, check_affordable, sweep_cost
from optviz.specs.race import RaceSpec, problem_on
from optviz.specs.run import RUN, Run
from optviz.specs.setting import Rule, same, setting, spec_from_json, spec_to_json
from optviz.specs.surface import SURFACE, OnSurface, Starts
from optviz.specs.text import parse_number, parse_whole, value_text
from optviz.surfaces import Surface

MAX_AXES = 8
MAX_POINTS = 1 << 22


class Axis(NamedTuple):
    """A knob and the values that it takes."""

    knob: str
    values: tuple[float, ...]

    @classmethod
    def parse(cls, text: str) -> Axis:
        """Read `knob=low:high:count`, with `:log` for equal ratios, or `knob=value|value`.

        Raises:
            ValueError: one line.
        """
        name, equals, rest = (part.strip() for part in text.partition("="))
        parts = rest.split(":")
        if not (equals and name and rest) or len(parts) not in (1, 3, 4):
            raise ValueError(f"grid must be knob=low:high:count or knob=a|b, got {shown(text)}")
        if len(parts) == 1:
            return cls(name, tuple(parse_number(part, name) for part in rest.split("|")))
        low, high = parse_number(parts[0], name), parse_number(parts[1], name)
        count = parse_whole(parts[2], f"{name}: the number of values")
        if not 1 <= count <= MAX_POINTS:
            raise ValueError(f"{name} must have 1 to {MAX_POINTS:,} values, got {count:,}")
        if len(parts) == 3:
            return cls(name, _spaced(low, high, count))
        if parts[3] != "log":
            raise ValueError(f"{name} is spaced by log or evenly, got {shown(parts[3])}")
        if not (low > 0 and high > 0):
            raise ValueError(f"{name}: equal ratios need ends above 0, got {shown(rest)}")
        return cls(name, _spaced(low, high, count, log=True))

    def text(self) -> str:
        """The inverse of `parse`: the range where the values are one, else the values."""
        ends, count = (self.values[0], self.values[-1]), len(self.values)
        if count > 2 and self.values == _spaced(*ends, count):
            return f"{self.knob}={':'.join(map(value_text, ends))}:{count}"
        if count > 2 and min(ends) > 0 and self.values == _spaced(*ends, count, log=True):
            return f"{self.knob}={':'.join(map(value_text, ends))}:{count}:log"
        return f"{self.knob}={'|'.join(map(value_text, self.values))}"


def _spaced(low: float, high: float, count: int, *, log: bool = False) -> tuple[float, ...]:
    with np.errstate(over="ignore"):
        values = (np.geomspace if log else np.linspace)(low, high, count)
    return tuple(values.tolist())


def axes_of(rule: Optimizer, grid: Mapping[str, Any]) -> tuple[Axis, ...]:
    """The axes of a mapping from knobs of a rule to their values.

    Raises:
        ValueError: no knob that can be swept, or values that are no list of numbers.
    """
    axes = []
    for name, given in grid.items():
        who = swept(rule, name)
        try:
            array = np.atleast_1d(np.asarray(given))
            numbers = array.dtype.kind in "iuf" or not array.size
        except ValueError:  # rows of different lengths
            array, numbers = np.zeros(0), False
        if not numbers:
            raise ValueError(f"{who} must be numbers, got {shown(given)}")
        if array.ndim != 1 or not array.size:
            raise ValueError(f"{who} needs a list of values, got shape {array.shape}")
        axes.append(Axis(name, tuple(array.astype(np.float64).tolist())))
    return tuple(axes)


def _check_grid(who: str, value: Any) -> None:
    if not isinstance(value, tuple) or not all(isinstance(axis, Axis) for axis in value):
        raise ValueError(f"{who} must be a tuple of Axis, got {shown(value)}")
    names = [axis.knob for axis in value]
    if not 1 <= len(names) <= MAX_AXES:
        raise ValueError(f"a sweep needs 1 to {MAX_AXES} knobs, got {len(names) or 'none'}")
    if len(set(names)) < len(names):
        raise ValueError(f"{who}: a knob is swept once, got {', '.join(names)}")


GRID = Rule(_check_grid, lambda text, _: Axis.parse(text), Axis.text, many=MAX_AXES)


@dataclass(frozen=True)
class SweepSpec(OnSurface):
    """Everything that decides a sweep: equal specs give equal sweeps.

    Attributes:
        surface: what is descended.
        run: the rule, with its schedules; what is swept replaces what it says.
        grid: the knobs and their values; the points are their product.
        start: one point, or several: every point of the grid from each of them; None: the
            surface's own.
        num_steps: length of every run, 1 to 100,000.
        tolerance: share of the first error that counts as arrived.
        dtype: "float32" or "float64": the format computed in.
        noise: standard deviation of the noise on each coordinate of the gradient.
        seed: of the noise and of stochastic rules.
    """

    what = "a sweep"
    surface: Surface = setting(SURFACE, link="")
    run: Run = setting(
        RUN, label="Rule", help="What moves, with its schedules.", form="KEY:knob=value"
    )
    grid: tuple[Axis, ...] = setting(
        GRID,
        label="Knobs",
        help="The knobs of the rule and the values that they take; every combination is tried.",
        form="KNOB=LOW:HIGH:COUNT[:log]",
    )
    start: Starts | None = same(RaceSpec, "start")
    num_steps: int = same(RaceSpec, "num_steps", 500)
    tolerance: float = same(RaceSpec, "tolerance")
    dtype: str = same(RaceSpec, "dtype", "float32")
    noise: float = same(RaceSpec, "noise")
    seed: int = same(RaceSpec, "seed")

    def check(self, budget: Budget = SWEEP) -> None:
        """Raise `ValueError`, one line with who, what is allowed and what came.

        Args:
            budget: what the sweep may take.
        """
        super().check()
        self.run.check_on(problem_on(self.surface, self.noise))
        if self.num_points > MAX_POINTS:
            raise ValueError(f"a sweep has at most {MAX_POINTS:,} points, got {self.num_points:,}")
        for axis in self.grid:
            check_axis(self.run.optimizer, axis)
        passes = 2 if self.surface.lower_bound() is None else 1

        def cost(points: int, steps: int) -> Any:
            return sweep_cost(points, steps, passes)

        check_affordable(
            "a sweep", budget, cost, {"points": self.num_points, "steps": self.num_steps}
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """One axis a knob, and a last one for several starts."""
        sizes = tuple(len(axis.values) for axis in self.grid)
        return (*sizes, len(self.starts)) if self.has_many_starts else sizes

    @property
    def num_points(self) -> int:
        """Points of the grid times starts."""
        return math.prod(self.shape)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data that `from_json` reads back.

        Raises:
            ValueError: the surface or the rule lives in Python only.
        """
        return spec_to_json(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> SweepSpec:
        """The spec that `to_json` wrote, checked again.

        Raises:
            ValueError: a value that no sweep can have.
        """
        return spec_from_json(cls, record)


def swept(rule: Optimizer, name: Any) -> str:
    """`Adam.b1`; `ValueError` unless it is a knob that can be swept."""
    cls = type(rule)
    if name in switches(cls):
        raise ValueError(f"{cls.__name__}.{name} is a choice, not a number: it has no range")
    if name not in knobs(cls):
        raise ValueError(unknown(f"knob of {cls.__name__}", name, knobs(cls)))
    if knobs(cls)[name].static:
        raise ValueError(f"{cls.__name__}.{name} decides the program: it cannot be swept")
    return f"{cls.__name__}.{name}"


def check_axis(rule: Optimizer, axis: Axis) -> None:
    """Raise `ValueError` unless it is a knob of the rule and every value lies in its domain."""
    who = swept(rule, axis.knob)
    if not axis.values:
        raise ValueError(f"{who} needs a list of values, got none")
    # A domain is an interval: it holds all values where it holds the lowest and the highest.
    odd = [v for v in axis.values if not math.isfinite(v)][:1]
    ends = odd or [min(axis.values), max(axis.values)]
    whole_numbers = knobs(type(rule))[axis.knob].integer
    for value in dict.fromkeys(axis.values if whole_numbers else ends):
        validate(replace(rule, **{axis.knob: value}))
