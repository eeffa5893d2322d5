"""One line of a race or an experiment: a rule, its schedules and its label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from optviz.catalog import defaults, knobs, shown, validate
from optviz.optimizers import OPTIMIZERS, Optimizer
from optviz.optimizers.base import Problem, runnable
from optviz.schedules import Schedule
from optviz.specs.labels import check_label, unique
from optviz.specs.schedule import parse_schedule
from optviz.specs.setting import Rule
from optviz.specs.text import entry_text, parse_entry, value_text


@dataclass(frozen=True)
class Run:
    """A rule with what was said about it.

    Attributes:
        optimizer: the rule.
        given: names of the hyperparameters that were said; `learning_rate` not among them means
            that whoever runs it may fill in a better one than the class's default.
        schedules: (knob, schedule) pairs; a knob without one keeps its value.
        label: what to call it; None: the rule's own label.
    """

    optimizer: Optimizer
    given: tuple[str, ...] = ()
    schedules: tuple[tuple[str, Schedule], ...] = ()
    label: str | None = None

    @classmethod
    def of(cls, optimizer: Optimizer, **fields: Any) -> Run:
        """A run of an instance, all of whose hyperparameters count as said."""
        base = defaults(type(optimizer))
        given = tuple(n for n in base if n == "learning_rate" or getattr(optimizer, n) != base[n])
        return cls(optimizer, given, **fields)

    @classmethod
    @lru_cache(maxsize=1024)  # a race of keys reads the same few texts again and again
    def parse(cls, text: str) -> Run:
        """Read `KEY:knob=value@schedule:knob=value@knob~schedule#label`; all but KEY optional.

        `@schedule` schedules the learning rate, `@knob~schedule` another knob, and
        `@warmup*cosine` is a product of schedules.

        Raises:
            ValueError: one line; see `parse_entry`.
        """
        body, _, label = text.partition("#")
        rule, *parts = body.split("@")
        optimizer, given = parse_entry(rule, OPTIMIZERS)
        schedules: dict[str, Schedule] = {}
        for part in parts:
            knob_name, tilde, schedule = part.rpartition("~")
            knob_name = knob_name if tilde else "learning_rate"
            schedules[knob_name] = parse_schedule(schedule)
        run = cls(optimizer, given, tuple(schedules.items()), label.strip() or None)
        run.check()
        return run

    def text(self) -> str:
        """The inverse of `parse`."""
        parts = [entry_text(self.optimizer, self.given)]
        for knob_name, schedule in self.schedules:
            prefix = "" if knob_name == "learning_rate" else f"{knob_name}~"
            parts.append(f"@{prefix}{entry_text(schedule)}")
        return "".join(parts) + (f"#{self.label}" if self.label else "")

    def check(self) -> None:
        """Raise `ValueError` for a bad knob or label, or a schedule on what is no knob."""
        validate(self.optimizer)
        if self.label is not None:
            check_label("a label", self.label)
        for knob_name, schedule in self.schedules:
            if knob_name not in knobs(type(self.optimizer)):
                raise ValueError(
                    f"{self.optimizer.label} has no knob {shown(knob_name)} to schedule"
                )
            if knobs(type(self.optimizer))[knob_name].static:
                raise ValueError(
                    f"{type(self.optimizer).__name__}.{knob_name} decides the program: "
                    "it cannot have a schedule"
                )
            validate(schedule)

    def check_on(self, problem: Problem) -> None:
        """Raise `ValueError` where the rule cannot run on `problem`: why, and what can."""
        reason = runnable(self.optimizer, problem)
        if reason is not None:
            raise ValueError(reason)

    def with_knob(self, name: str, value: Any) -> Run:
        """The run with one hyperparameter of its rule set, which counts as said."""
        said = {*self.given, name}
        given = tuple(n for n in defaults(type(self.optimizer)) if n in said)  # in their own order
        return replace(self, optimizer=replace(self.optimizer, **{name: value}), given=given)

    def schedule_of(self, knob_name: str) -> Schedule | None:
        return dict(self.schedules).get(knob_name)


def labels(runs: Sequence[Run]) -> tuple[str, ...]:
    """One label a run, all different: the knobs that tell them apart where a rule runs twice."""
    names = [run.label or run.optimizer.label for run in runs]
    if len(set(names)) == len(names):
        return tuple(names)
    result = []
    for run, name in zip(runs, names, strict=True):
        twins = [r for r, n in zip(runs, names, strict=True) if n == name]
        result.append(name if len(twins) == 1 or run.label else name + _difference(run, twins))
    return tuple(unique(result, "{} #{}"))


def _difference(run: Run, twins: Sequence[Run]) -> str:
    """` (learning_rate=0.1, cosine)`: what tells `run` apart from the others with its name."""
    rule = run.optimizer
    parts = []
    for name in defaults(type(rule)):
        values = {getattr(t.optimizer, name, None) for t in twins}
        if len(values) > 1:
            parts.append(f"{name}={value_text(getattr(rule, name))}")
    if len({t.schedules for t in twins}) > 1:
        parts += [entry_text(schedule) for _, schedule in run.schedules] or ["constant"]
    return f" ({', '.join(parts)})" if parts else ""


def _check_run(who: str, value: Any) -> None:
    if not isinstance(value, Run):
        raise ValueError(f"{who} must be a Run, got {shown(value)}")
    value.check()


RUN = Rule(_check_run, lambda text, _: Run.parse(text), Run.text, as_text=True)


def runs_of(most: int, what: str) -> Rule:
    """Who takes part in `what`: 1 to `most` runs."""

    def check(who: str, value: Any) -> None:
        if not isinstance(value, tuple) or not all(isinstance(run, Run) for run in value):
            raise ValueError(f"{who} must be a tuple of Run, got {shown(value)}")
        if not 1 <= len(value) <= most:
            raise ValueError(f"{what} needs 1 to {most} optimizers, got {len(value) or 'none'}")
        for run in value:
            run.check()

    return Rule(check, lambda text, _: Run.parse(text), Run.text, many=most)


def with_schedule(run: Run, schedule: Schedule | None) -> Run:
    """The run with `schedule` of its learning rate, unless it has none or a schedule of its own."""
    if schedule is None or run.schedule_of("learning_rate") is not None:
        return run
    if "learning_rate" not in knobs(type(run.optimizer)):
        return run
    return replace(run, schedules=(*run.schedules, ("learning_rate", schedule)))


def with_rate(run: Run, rate: float | None) -> Run:
    """The run with `rate` as its learning rate, unless it has none or said its own."""
    has_rate = "learning_rate" in knobs(type(run.optimizer))
    if rate is None or not has_rate or "learning_rate" in run.given:
        return run
    return replace(run, optimizer=replace(run.optimizer, learning_rate=rate))
