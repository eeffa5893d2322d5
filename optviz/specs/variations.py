"""What is varied in an experiment, as text: `field=value|value`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from optviz.catalog import Entry, knobs, shown, switches, validate
from optviz.specs.run import Run
from optviz.specs.text import parse_value

T = TypeVar("T", bound=Entry)


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
