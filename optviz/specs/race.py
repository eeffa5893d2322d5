"""A race as it was asked for, and its forms as a link and as JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from optviz.catalog import defaults, shown
from optviz.optimizers.base import Problem
from optviz.schedules import Schedule
from optviz.specs.budget import RACE, Budget, Cost, check_affordable, race_cost
from optviz.specs.checks import check_real
from optviz.specs.rates import Question, fair_rates, origin
from optviz.specs.rules import a_schedule, one_of, optional, real, whole
from optviz.specs.run import Run, labels, runs_of, with_rate, with_schedule
from optviz.specs.setting import Rule, setting
from optviz.specs.surface import STARTS, SURFACE, OnSurface, Starts
from optviz.specs.text import entry_text, parse_number
from optviz.surfaces import SURFACES, Surface
from optviz.surfaces.expression import Expression

MAX_STEPS, MAX_RUNS = 100_000, 64
MOST_NOISE = 1e30  # its squares, and float32, still hold it
DTYPES = ("float64", "float32")


def check_noise(who: str, value: Any) -> None:
    """Raise `ValueError` unless it is a standard deviation that can be computed with."""
    check_real(who, value, 0, math.inf)
    if value > MOST_NOISE:
        raise ValueError(f"{who} must be at most {MOST_NOISE:g}, got {shown(value)}")


def check_rates(who: str, value: Any) -> None:
    """Raise `ValueError` unless it is a word for rates, or one rate for all."""
    if not isinstance(value, str):
        check_real(who, value, 0, math.inf)
    elif value not in ("tuned", "default"):
        raise ValueError(f"{who} must be tuned, default or a number, got {shown(value)}")


def parse_rates(text: str, who: str = "rates") -> str | float:
    """`tuned`, `default` or one learning rate for all."""
    word = text.isalpha() and text.lower() not in ("nan", "inf", "infinity")
    return text if word else parse_number(text, who)


NOISE = Rule(check_noise, parse_number)
RATES = Rule(check_rates, parse_rates)


@dataclass(frozen=True)
class RaceSpec(OnSurface):
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
        rates: learning rate of the runs that said none: "tuned" (the best for exactly this race, by
            a search), "default" (the class's) or one number for all.
        steps_per_epoch: how often schedules that see the loss are told it, and the unit of the
            axis on the page of schedules; a surface itself knows no epochs.
    """

    what = "a race"
    surface: Surface = setting(SURFACE, link="", flag="")
    runs: tuple[Run, ...] = setting(runs_of(MAX_RUNS, "a race"), link="run", flag="")
    start: Starts | None = setting(
        STARTS, None, label="Start", help="One start, or several.", form="X,Y[;X,Y]"
    )
    num_steps: int = setting(
        whole(1, MAX_STEPS),
        300,
        flag="steps",
        label="Steps",
        help="Length of the race; shapes of schedules stretch with it.",
    )
    schedule: Schedule | None = setting(
        optional(a_schedule()),
        None,
        label="Schedule for all",
        help="Of every learning rate without a schedule of its own; warmup*cosine is a product.",
        form="KEY:knob=value",
    )
    noise: float = setting(
        NOISE,
        0.0,
        label="Gradient noise",
        help="Standard deviation of the noise on each coordinate of the gradient, as a mini-batch "
        "would bring it; the same draws for every run.",
    )
    seed: int = setting(
        whole(0, 2**32 - 1),
        0,
        label="Seed",
        help="Which noise: the same number gives the same race.",
    )
    tolerance: float = setting(
        real(0, 1),
        1e-6,
        label="Tolerance",
        help="Share of the first error that counts as arrived.",
        offer=[float(f"1e-{k}") for k in range(1, 13)],
    )
    dtype: str = setting(
        one_of(DTYPES),
        "float64",
        label="Number format",
        help="float32 is what networks train in; it stops a descent much earlier.",
    )
    rates: str | float = setting(
        RATES,
        "tuned",
        label="Learning rates",
        help="For the rules whose rate is not said: tuned, the best one for exactly this race; "
        "default, the class's; or one number for everybody.",
    )
    steps_per_epoch: int = setting(
        whole(1, MAX_STEPS),
        1,
        label="Steps in an epoch",
        help="Above 1 the curves count epochs, and a schedule that watches the loss sees it once "
        "an epoch.",
        offer=(1, 2, 5, 10, 20, 25, 50, 100),
    )

    def check(self, budget: Budget = RACE) -> None:
        """Raise `ValueError`, one line with who, what is allowed and what came.

        Args:
            budget: what the race may take.
        """
        super().check()
        problem = self.problem
        for run in self.runs:
            run.check_on(problem)
        sizes = {
            "optimizers": len(self.runs),
            "starts": len(self.starts),
            "steps": self.num_steps,
        }
        num_fair = self.rate_origins.count("fair")

        def cost(runs: int, starts: int, steps: int) -> Cost:
            return race_cost(runs, starts, steps, num_fair)

        check_affordable("a race", budget, cost, sizes)

    @property
    def problem(self) -> Problem:
        """What decides which rules can run."""
        return problem_on(self.surface, self.noise)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        return labels(self.resolved())

    def resolved(self) -> tuple[Run, ...]:
        """The runs with every learning rate and schedule filled in."""
        return self._resolved

    @cached_property
    def _resolved(self) -> tuple[Run, ...]:
        found = iter(fair_rates(self.questions()))

        def rate(whose: str) -> float | None:
            if whose == "fair":
                return next(found)
            return float(self.rates) if whose == "for all" else None

        return tuple(
            with_rate(with_schedule(run, self.schedule), rate(whose))
            for run, whose in zip(self.runs, self.rate_origins, strict=True)
        )

    @cached_property
    def rate_origins(self) -> tuple[str, ...]:
        """Whose the learning rate of each run is; see `optviz.specs.rates.origin`."""
        return tuple(origin(run.optimizer, run.given, self.rates) for run in self.runs)

    def questions(self) -> tuple[Question, ...]:
        """What decides the rate of each run that is to have a fair one."""
        rules: list[tuple[Any, Run]] = [
            (run.optimizer, with_schedule(run, self.schedule))
            for run, whose in zip(self.runs, self.rate_origins, strict=True)
            if whose == "fair"
        ]
        return tuple(
            Question(
                self.surface,
                replace(rule, learning_rate=defaults(type(rule))["learning_rate"]),
                run.schedules,
                self.starts,
                self.has_many_starts,
                self.num_steps,
                self.noise,
                self.seed,
                self.tolerance,
                self.dtype,
                self.steps_per_epoch,
            )
            for rule, run in rules
        )

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


def problem_on(surface: Surface, noise: float = 0.0) -> Problem:
    """A surface as rules see it."""
    shape = surface.params_shape
    return Problem(surface.label, math.prod(shape), len(shape) > 1, noise == 0)
