"""From one training to many: variations of its settings, its rules and its seeds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from optviz.catalog import Entry, knobs, shown, switches, validate
from optviz.specs.labels import unique
from optviz.specs.run import Run, labels
from optviz.specs.text import parse_value

if TYPE_CHECKING:
    from optviz.specs.train import TrainSpec

MAX_GRID = 1024  # combinations, before those that say the same are left out

T = TypeVar("T", bound=Entry)


class Member(NamedTuple):
    """One single training of an experiment."""

    label: str  # unlike those of the other members
    spec: TrainSpec  # its own: one run, one seed, no variations
    arm: str  # what was varied, such as `batch size 64`; empty: nothing
    run: int  # index into the experiment's runs
    seed: int
    series: str  # the label of its group: without the seed

    @property
    def group(self) -> tuple[str, int]:
        """The same for members that differ in their seed only."""
        return (self.arm, self.run)


@lru_cache(maxsize=64)  # pages and events ask for the same labels again and again
def members(spec: TrainSpec) -> tuple[Member, ...]:
    """Every variation with every run and every seed, in this order."""
    groups, names = [], []
    for arm, settings in arms(spec):
        groups += [(arm, settings, index) for index in range(len(settings.runs))]
        names += [f"{n} · {arm}" if arm else n for n in labels(settings.resolved())]
    found = []
    for (arm, settings, index), series in zip(groups, unique(names, "{} #{}"), strict=True):
        for seed in range(settings.seed, settings.seed + settings.seeds):
            own = replace(settings, runs=(settings.runs[index],), seed=seed, seeds=1)
            label = f"{series} · seed {seed}" if settings.seeds > 1 else series
            found.append(Member(label, own, arm, index, seed, series))
    return tuple(found)


def arms(spec: TrainSpec) -> Iterator[tuple[str, TrainSpec]]:
    """The settings themselves and each variation of them: (name, settings without `vary`).

    One change at a time: the settings, then each value of each variation. As a grid: every
    combination of the values, each variation's own or the settings'.

    Raises:
        ValueError: a variation that cannot be read.
    """
    base = replace(spec, vary=(), grid=False)
    axes = list(axes_of(spec.vary).values())
    if spec.grid:
        size = math.prod(len(axis) + 1 for axis in axes)
        if size > MAX_GRID:
            raise ValueError(f"a grid has at most {MAX_GRID:,} combinations, got {size:,}")
        choices = itertools.product(*([None, *axis] for axis in axes))
    else:
        choices = itertools.chain([()], ((change,) for axis in axes for change in axis))
    seen = set()
    for choice in choices:
        settings, changes = base, [change for change in choice if change is not None]
        for field, value in changes:
            settings = settings.changed(field, value)
        if settings in seen:
            continue  # a value that the settings have anyway, or one that is said twice
        seen.add(settings)
        yield ", ".join(f"{_words(field)} {value}" for field, value in changes), settings


def _words(field: str) -> str:
    """`network.batch_norm` as it is said: `batch norm`."""
    return field.rpartition(".")[2].replace("_", " ")


def axes_of(vary: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """Field -> its (field, value) pairs; what is varied twice has the values of both.

    Raises:
        ValueError: a variation that cannot be read.
    """
    axes: dict[str, list[tuple[str, str]]] = {}
    for pairs in map(_axis, vary):
        axes.setdefault(pairs[0][0], []).extend(pairs)
    return axes


def merged(vary: Sequence[str]) -> tuple[str, ...]:
    """The same variations, each field once."""
    axes = axes_of(vary)
    return tuple(f"{field}={'|'.join(v for _, v in pairs)}" for field, pairs in axes.items())


def _axis(text: str) -> list[tuple[str, str]]:
    """`field=value|value` as (field, value) pairs."""
    field, equals, values = (part.strip() for part in text.partition("="))
    found = [value.strip() for value in values.split("|") if value.strip()]
    if not equals or not field or not found:
        raise ValueError(f"vary must be field=value|value, got {shown(text)}")
    return [(field, value) for value in found]


def vary_entry(item: T, name: str, text: str) -> T:
    """An entry with one of its fields read from text."""
    changed = replace(item, **{name: parse_value(type(item), name, text)})
    validate(changed)
    return changed


def vary_runs(runs: Sequence[Run], name: str, text: str) -> tuple[Run, ...]:
    """The runs with one hyperparameter of every rule that has it read from text."""
    changed = []
    for run in runs:
        rule = type(run.optimizer)
        if name in knobs(rule) or name in switches(rule):
            run = run.with_knob(name, getattr(vary_entry(run.optimizer, name, text), name))
        changed.append(run)
    if changed == list(runs) and not any(hasattr(run.optimizer, name) for run in runs):
        raise ValueError(f"vary: none of the rules has {shown(name)}")
    return tuple(changed)
