"""What of a training can be varied, and which values are worth a try."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import Any

from optviz.catalog import Entry, Knob, knobs, switches
from optviz.schedules import SCHEDULES
from optviz.specs.experiment import TrainSpec
from optviz.specs.text import value_text
from optviz.ui.parts.controls import human, ratio_steps
from optviz.ui.training.fields import FIELDS

SUGGESTIONS = 7  # of a number, at most


def choices(spec: TrainSpec) -> dict[str, str]:
    """Everything that can be varied: the name that `TrainSpec.vary` has for it, and its label."""
    found = {name: field.label for name, field in FIELDS.items()} | {"schedule": "Schedule"}
    for run in spec.runs:
        found |= {f"run.{name}": f"Rules: {human(name)}" for name in _names(run.optimizer)}
    for part, title in (("network", "Network"), ("dataset", "Data")):
        names = _names(getattr(spec, part))
        found |= {f"{part}.{name}": f"{title}: {human(name)}" for name in names}
    return found


@lru_cache(maxsize=256)  # each is checked with all settings, and pages ask again and again
def suggestions(spec: TrainSpec, name: str) -> tuple[str, ...]:
    """Values that are worth a try, as `TrainSpec.vary` writes them."""
    part, dot, field = name.partition(".")
    if name == "schedule":
        values: Iterable[str] = SCHEDULES
    elif not dot:
        values = _texts(FIELDS[name].offer)
    elif part == "run":
        values = [v for run in spec.runs for v in _of_entry(run.optimizer, field)]
    else:
        values = _of_entry(getattr(spec, part), field)
    found = []
    for value in dict.fromkeys(values):
        with suppress(ValueError):  # it contradicts the other settings
            spec.changed(name, value).check()
            found.append(value)
    return tuple(found)


def possible(item: Entry, name: str, values: Iterable[Any]) -> list[Any]:
    """Those of the values that the entry accepts beside its other settings."""
    found = []
    for value in values:
        changed: Any = replace(item, **{name: value})
        with suppress(ValueError):  # it is not one of them
            if hasattr(changed, "check"):
                changed.check()
            found.append(value)
    return found


def counts(spec: TrainSpec) -> tuple[int, int, int]:
    """How many rules, variations (the settings as they are count as one) and seeds."""
    return len(spec.runs), sum(1 for _ in spec.arms()), spec.seeds


def steps(spec: TrainSpec, images: int) -> int:
    """Steps of all runs together, with so many images in the data set's training part.

    Raises:
        ValueError: nothing is left to train or to validate with.
    """
    total = 0
    for _, settings in spec.arms():
        total += settings.epochs * -(-settings.num_used(images) // settings.batch_size)
    return total * len(spec.runs) * spec.seeds


def _names(item: Entry) -> list[str]:
    """The fields of an entry that text can say."""
    kinds = switches(type(item))
    return [*knobs(type(item)), *(name for name, info in kinds.items() if not info.traced)]


def _of_entry(item: Entry, name: str) -> tuple[str, ...]:
    if name in knobs(type(item)):
        return _texts(_thinned(possible(item, name, _round_numbers(knobs(type(item))[name]))))
    if name in switches(type(item)):
        return _texts(switches(type(item))[name].options or (getattr(item, name),))
    return ()  # another rule has it


def _round_numbers(info: Knob) -> list[float]:
    """Round numbers over the knob's typical range: whole ones, powers of ten, or even steps."""
    low, high = info.typical
    if info.integer:
        return list(range(int(low), int(high) + 1))
    if info.log:
        return [v for v in ratio_steps(low, high) if f"{v:e}".startswith("1.000000")]
    return [round(low + (high - low) * k / (SUGGESTIONS - 1), 6) for k in range(SUGGESTIONS)]


def _thinned(values: list[Any]) -> list[Any]:
    """At most SUGGESTIONS of them, evenly."""
    keep = min(SUGGESTIONS, len(values))
    return [values[round(k * (len(values) - 1) / max(keep - 1, 1))] for k in range(keep)]


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(value_text(value) for value in values if value is not None)
