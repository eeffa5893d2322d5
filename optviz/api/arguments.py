"""What the public verbs accept, brought to the forms that specs hold."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np

from optviz.catalog import Entry, knobs, validate
from optviz.optimizers import Optimizer
from optviz.optimizers.from_optax import from_optax, is_optax
from optviz.schedules import Schedule
from optviz.specs import RaceSpec, Run, parse_entry
from optviz.specs.schedule import parse_schedule
from optviz.surfaces import SURFACES, Surface
from optviz.surfaces.expression import FunctionSurface

if TYPE_CHECKING:
    from optviz.specs.experiment import (
        TrainSpec,  # needs the network layers, which races do without
    )

AnySurface: TypeAlias = str | Surface | Callable[[Any, Any], Any]
AnyOptimizer: TypeAlias = str | Optimizer | Any  # or an optax GradientTransformation
AnySchedule: TypeAlias = str | Schedule
S = TypeVar("S", "RaceSpec", "TrainSpec")
E = TypeVar("E", bound=Entry)


def as_surface(surface: AnySurface) -> Surface:
    """A surface from `KEY:knob=value`, an entry, or any JAX function of x and y."""
    if isinstance(surface, Surface):
        return _with_plain_knobs(surface)
    if isinstance(surface, str):
        return parse_entry(surface, SURFACES)[0]
    if callable(surface):
        return FunctionSurface(function=surface)
    raise ValueError(
        f"surface must be a key, a Surface or a function f(x, y), got {type(surface).__name__}"
    )


def as_runs(
    optimizers: Sequence[AnyOptimizer] | Mapping[str, AnyOptimizer],
) -> tuple[Run, ...]:
    """Runs from keys, entries and optax transformations; a mapping gives the labels."""
    if isinstance(optimizers, Mapping):
        return tuple(replace(_as_run(o), label=str(name)) for name, o in optimizers.items())
    if isinstance(optimizers, (str, Optimizer)) or is_optax(optimizers):
        optimizers = [optimizers]
    if not isinstance(optimizers, Iterable) or getattr(optimizers, "ndim", 1) == 0:
        raise ValueError(
            f"optimizers must be a list, or a mapping from labels, got {type(optimizers).__name__}"
        )
    return tuple(map(_as_run, optimizers))


def _as_run(optimizer: AnyOptimizer) -> Run:
    if isinstance(optimizer, Run):
        return optimizer
    if isinstance(optimizer, Optimizer):
        return Run.of(_with_plain_knobs(optimizer))
    if isinstance(optimizer, str):
        return Run.parse(optimizer)
    if is_optax(optimizer):
        return Run.of(from_optax(optimizer))
    raise ValueError(
        "an optimizer must be a key, an Optimizer or an optax GradientTransformation, "
        f"got {type(optimizer).__name__}"
    )


def as_schedule(schedule: AnySchedule) -> Schedule:
    """A schedule from `KEY:knob=value`, several with `*` between them, or an entry."""
    if isinstance(schedule, Schedule):
        return _with_plain_knobs(schedule)
    if isinstance(schedule, str):
        return parse_schedule(schedule)
    raise ValueError(f"schedule must be a key or a Schedule, got {type(schedule).__name__}")


def common_schedule(schedule: AnySchedule | Mapping[str, Any] | None) -> Schedule | None:
    """The schedule for all runs; a mapping by label is none."""
    return None if schedule is None or isinstance(schedule, Mapping) else as_schedule(schedule)


def with_schedules(spec: S, by_label: Mapping[str, Any]) -> S:
    """The spec whose runs of these labels have these schedules."""
    names = spec.labels
    for label in by_label:
        if label not in names:
            close = difflib.get_close_matches(str(label), names, n=1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            raise ValueError(
                f"schedule for {label!r}{hint}: the labels are {', '.join(map(repr, names))}"
            )
    runs = [
        replace(run, label=name, schedules=_by_knob(by_label[name])) if name in by_label else run
        for name, run in zip(names, spec.runs, strict=True)
    ]
    return replace(spec, runs=tuple(runs))


def _by_knob(schedule: AnySchedule | Mapping[str, AnySchedule]) -> tuple[tuple[str, Schedule], ...]:
    by_knob = schedule if isinstance(schedule, Mapping) else {"learning_rate": schedule}
    return tuple((name, as_schedule(value)) for name, value in by_knob.items())


def _with_plain_knobs(item: E) -> E:
    """An entry whose numbers may be JAX's or NumPy's, which have no hash, with Python's."""
    if _PLAIN.issuperset(map(type, vars(item).values())):
        return item
    if item.parts[0] is not item:  # made of others, as a product of schedules is
        return item
    validate(item)  # an array of several numbers could not even be compared
    values = {name: getattr(item, name) for name in knobs(type(item))}
    changed = {name: as_plain(v) for name, v in values.items() if hasattr(v, "__array__")}
    return replace(item, **changed) if changed else item


_PLAIN = {float, int, bool, str}


def as_float(value: Any) -> Any:
    """A number as Python's float; anything else is left for the spec to refuse."""
    value = as_plain(value)
    if isinstance(value, int) and not isinstance(value, bool):
        with suppress(OverflowError):  # no float holds it, as the spec will say
            return float(value)
    return value


def as_plain(value: Any) -> Any:
    """A NumPy or JAX number or truth value as Python's; anything else is left for the spec."""
    if isinstance(value, np.generic) or (hasattr(value, "__array__") and np.ndim(value) == 0):
        return np.asarray(value).item()
    return value
