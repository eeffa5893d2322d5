"""What of a training can be varied, and which values are worth a try."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from optviz.catalog import Entry, Knob, knobs, switches
from optviz.schedules import SCHEDULES
from optviz.specs.text import value_text
from optviz.specs.train import TrainSpec
from optviz.specs.variations import arms
from optviz.ui.controls import human, ratio_steps
from optviz.ui.train_fields import FIELDS

SUGGESTIONS = 7  # of a number, at most


class Choice(NamedTuple):
    """A setting that can be varied."""

    label: str
    suggestions: tuple[str, ...]  # as `TrainSpec.vary` writes them


def choices(spec: TrainSpec) -> dict[str, Choice]:
    """Everything that can be varied, by the name that `TrainSpec.vary` has for it."""
    found = {
        name: Choice(field.label, _accepted(spec, name, _texts(field.values)))
        for name, field in FIELDS.items()
    }
    found["schedule"] = Choice("Schedule", tuple(SCHEDULES))
    for rule in {type(run.optimizer): run.optimizer for run in spec.runs}.values():
        for name, values in _of_entry(rule).items():
            old = found.get(f"run.{name}", Choice("", ())).suggestions
            both = tuple(dict.fromkeys((*old, *values)))
            found[f"run.{name}"] = Choice(f"Rules: {human(name)}", both)
    for part in ("network", "dataset"):
        title = "Network" if part == "network" else "Data"
        for name, values in _of_entry(getattr(spec, part)).items():
            found[f"{part}.{name}"] = Choice(f"{title}: {human(name)}", values)
    return found


def possible(item: Entry, name: str, values: Iterable[Any]) -> list[Any]:
    """Those of the values that the entry accepts beside its other settings."""
    found = []
    for value in values:
        changed: Any = replace(item, **{name: value})
        with suppress(ValueError):
            if hasattr(changed, "check"):
                changed.check()
            found.append(value)
    return found


def counts(spec: TrainSpec) -> tuple[int, int, int]:
    """How many rules, variations (the settings as they are count as one) and seeds."""
    return len(spec.runs), sum(1 for _ in arms(spec)), spec.seeds


def steps(spec: TrainSpec, images: int) -> int:
    """Steps of all runs together, with so many images in the data set's training part."""
    total = 0
    for _, settings in arms(spec):
        left = images - round((settings.validation or 0) * images)
        left = min(left, settings.limit or left)
        total += settings.epochs * -(-left // settings.batch_size)
    return total * len(spec.runs) * spec.seeds


def _accepted(spec: TrainSpec, name: str, texts: Iterable[str]) -> tuple[str, ...]:
    """Those of the values that do not contradict the other settings."""
    found = []
    for text in texts:
        with suppress(ValueError):
            spec.changed(name, text).check()
            found.append(text)
    return tuple(found)


def _of_entry(item: Entry) -> dict[str, tuple[str, ...]]:
    found = {}
    for name, info in knobs(type(item)).items():
        found[name] = _texts(_thinned(possible(item, name, _round_numbers(info))))
    for name, info in switches(type(item)).items():
        if not info.traced:
            found[name] = _texts(info.options or (getattr(item, name),))
    return found


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
