"""Comparisons to start from: a few schedules that tell something together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from optviz.catalog import knobs
from optviz.optimizers import OPTIMIZERS
from optviz.schedules import Schedule
from optviz.schedules.constant import Constant
from optviz.specs import RaceSpec, Run
from optviz.specs.schedule import parse_schedule

# key -> (title, what it shows, schedules of the learning rate)
EXAMPLES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "decays": (
        "Decays",
        "Under noise a constant rate ends in a cloud; a rate that falls settles.",
        ("constant", "step", "cosine", "warmup*cosine", "reduce_on_plateau:patience=40,factor=0.5"),
    ),
    "lectures": (
        "The lectures' decays",
        "By steps, exponential, 1/t and that of annealing.",
        ("step", "exponential:k=0.01", "inverse_time:k=0.03", "annealing"),
    ),
    "cycles": (
        "Cycles",
        "Up and down: triangles, restarts, one cycle.",
        ("triangular", "triangular:shrink=0.5", "warm_restarts", "one_cycle"),
    ),
    "warmups": (
        "Warm-ups",
        "Four ways to begin gently.",
        ("constant", "warmup*cosine", "warmup_stable_decay", "noam:warmup=0.1", "one_cycle"),
    ),
    "points": (
        "Your own, by points",
        "Open the schedule and drag its points.",
        ("constant", "piecewise"),
    ),
    "rates": (
        "Low, good, high, very high",
        "Four constant rates: too slow, right, restless, and off.",
        ("constant",) * 4,
    ),
    "momentum": (
        "Momentum 0.1 → 0.9",
        "The momentum warms up, and the rate stays.",
        ("constant", "linear:start=0.1111111111111111,end=1,share=0.5"),
    ),
}
RATES = (0.03, 0.3, 1.0, 4.0)  # shares of the fair rate in the comparison of rates


def example(name: str, spec: RaceSpec) -> RaceSpec:
    """The page with these schedules in place of its own."""
    schedules = tuple(map(parse_schedule, EXAMPLES[name][2]))
    run = _plain(spec.runs[0])
    if name == "momentum":
        heavy: Any = OPTIMIZERS["momentum"]
        rule = heavy(momentum=0.9)
        runs = tuple(Run(rule, ("momentum",), (("momentum", s),)) for s in schedules)
    elif name == "rates":
        runs = _rates(spec, run)
    else:
        runs = tuple(_with(run, schedule) for schedule in schedules)
    return at_one_rate(replace(spec, runs=runs, schedule=None))


def at_one_rate(spec: RaceSpec) -> RaceSpec:
    """All schedules from one base rate, so that they alone differ.

    It is the fair one without any schedule and without noise: what noise makes of it is then seen.
    """
    rate = fair_without_schedule(spec, spec.runs[0])
    return spec if rate is None else replace(spec, rates=rate)


def fair_without_schedule(spec: RaceSpec, run: Run) -> float | None:
    """The fair rate of a run's rule without schedules and noise; None: it has no rate."""
    given = tuple(name for name in run.given if name != "learning_rate")
    alone = (Run(run.optimizer, given),)
    (found,) = replace(spec, runs=alone, schedule=None, rates="tuned", noise=0.0).resolved()
    return getattr(found.optimizer, "learning_rate", None)


def _plain(run: Run) -> Run:
    """The run without schedules and label; momentum's stand-in where it has no learning rate."""
    if "learning_rate" not in knobs(type(run.optimizer)):
        return Run(OPTIMIZERS["sgd"]())
    return Run(run.optimizer, run.given)


def _with(run: Run, schedule: Schedule) -> Run:
    return replace(run, schedules=(("learning_rate", schedule),))


def _rates(spec: RaceSpec, run: Run) -> tuple[Run, ...]:
    fair: Any = fair_without_schedule(spec, run)
    runs = []
    for share in RATES:
        rate = float(f"{share * fair:.2g}")
        alone = Run(run.optimizer, run.given)
        runs.append(_with(alone.with_knob("learning_rate", rate), Constant()))
    return tuple(runs)
