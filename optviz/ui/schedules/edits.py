"""What the schedules page does to its spec: to every run at once, or to one knob's schedule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from optviz.catalog import knobs
from optviz.optimizers import OPTIMIZERS, Optimizer
from optviz.schedules import Schedule
from optviz.specs import RaceSpec, Run
from optviz.ui.parts.schedule import schedulable
from optviz.ui.schedules.view import knob_of, schedule_in
from optviz.ui.session import with_knob


def scheduled(run: Run, knob: str, schedule: Schedule) -> Run:
    """The run with this schedule of the knob, which is the page's; those of others stay."""
    others = (pair for pair in run.schedules if pair[0] != knob)
    return replace(run, schedules=((knob, schedule), *others))


def each_its_own(spec: RaceSpec) -> RaceSpec:
    """The page with the schedule for all given to every run that had none: here each has one."""
    schedule = spec.schedule
    if schedule is None:
        return spec

    def own(run: Run) -> Run:
        has_rate = "learning_rate" in knobs(type(run.optimizer))
        if not has_rate or run.schedule_of("learning_rate") is not None:
            return run
        return scheduled(run, "learning_rate", schedule)

    return replace(spec, runs=tuple(map(own, spec.runs)), schedule=None)


def with_rule(spec: RaceSpec, name: str) -> RaceSpec:
    """The page with another rule under the same schedules."""
    fresh = Run(OPTIMIZERS[name]())
    knob = knob_of(spec)
    names = schedulable(type(fresh.optimizer))
    target = knob if knob in names else names[0]

    def moved(run: Run) -> Run:
        others = tuple((name, s) for name, s in run.schedules if name in names and name != knob)
        return scheduled(replace(fresh, schedules=others), target, schedule_in(run, knob))

    return replace(spec, runs=tuple(map(moved, spec.runs)))


def with_knobs(spec: RaceSpec, rule: Optimizer, name: str, value: Any) -> RaceSpec:
    """The page with a hyperparameter of the rule set in every run."""
    return replace(spec, runs=tuple(with_knob(run, rule, name, value) for run in spec.runs))


def with_page_knob(spec: RaceSpec, name: str) -> RaceSpec:
    """The page with the same schedules on another knob."""
    knob = knob_of(spec)

    def moved(run: Run) -> Run:
        others = tuple(pair for pair in run.schedules if pair[0] != knob)
        return scheduled(replace(run, schedules=others), name, schedule_in(run, knob))

    return replace(spec, runs=tuple(map(moved, spec.runs)))
