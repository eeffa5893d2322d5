"""Whose a learning rate is, and what a search for a fair one is asked.

A race asks for fair rates whenever its runs are filled in; searching takes the engine, which specs
know nothing of. So `analysis.tuning` brings the search along: `search_with` is told of it once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from optviz.catalog import knobs
from optviz.optimizers import Optimizer
from optviz.schedules import Schedule
from optviz.surfaces import Point, Surface


class Question(NamedTuple):
    """Everything that decides a fair rate: a rule in exactly one race.

    Attributes:
        surface: what is descended, with its shape.
        optimizer: the rule; its learning rate is its class's.
        schedules: (knob, schedule) pairs.
        starts: every start.
        has_many_starts: whether the race has an axis of starts.
        num_steps: length of the race.
        noise: standard deviation on each coordinate of the gradient.
        seed: of the noise and of stochastic rules.
        tolerance: share of the first error that counts as arrived.
        dtype: the format computed in.
        steps_per_epoch: how often schedules that see the loss are told it.
    """

    surface: Surface
    optimizer: Optimizer
    schedules: tuple[tuple[str, Schedule], ...]
    starts: tuple[Point, ...]
    has_many_starts: bool
    num_steps: int
    noise: float
    seed: int
    tolerance: float
    dtype: str
    steps_per_epoch: int


Search: TypeAlias = Callable[[Sequence[Question]], Sequence[float]]
_SEARCH: list[Search] = []


def search_with(search: Search) -> None:
    """Have fair rates searched by `search`, which answers questions of one race, one rate each."""
    _SEARCH[:] = [search]


def fair_rates(questions: Sequence[Question]) -> Sequence[float]:
    """The fair rate of each rule."""
    (search,) = _SEARCH
    return search(questions) if questions else ()


def origin(optimizer: Optimizer, given: Sequence[str], rates: str | float) -> str:
    """Whose the learning rate of a run is.

    Args:
        optimizer: the rule.
        given: names of the hyperparameters that were said.
        rates: of the race: "tuned", "default" or a number.

    Returns:
        "yours": said for this run; "for all": one number for all; "fair": searched for this race;
        "default": the class's; "": the rule has none.
    """
    if "learning_rate" not in knobs(type(optimizer)):
        return ""
    if "learning_rate" in given:
        return "yours"
    if optimizer.own_rate or rates == "default":
        return "default"
    return "fair" if rates == "tuned" else "for all"
