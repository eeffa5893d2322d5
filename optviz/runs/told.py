"""What a training has told, checked: other machines write such events, and disks change them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from optviz.engine.training.events import EpochEnd, Event, Layers, Started, Steps, from_json
from optviz.runs.checks import list_of, maybe, one_of, parsed, real, shown, whole, words
from optviz.specs.experiment import TrainSpec

MAX_EVENT = 16_000_000  # characters
MAX_STEPS = 50_000_000  # planned in all runs together: their learning rates are worked out
FLOAT32_MAX = 3.5e38
_RANGES: Mapping[str, Callable[[Any], Any]] = {
    "losses": maybe(real(-FLOAT32_MAX, FLOAT32_MAX)),
    "grad_norms": maybe(real(-FLOAT32_MAX, FLOAT32_MAX)),
    "diverged_at": whole(-1, 2**53),
}


def event_of(body: Any) -> Event:
    """The event that a row of the store holds, every field of the type that it was declared with.

    Raises:
        ValueError: one line that names the field.
    """
    record = parsed(body, MAX_EVENT)
    kind = record.get("kind") if isinstance(record, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ValueError(f"must be one of {', '.join(_KINDS)}, got {shown(kind)}")
    declared = _KINDS[kind]
    checks = _checks(declared)
    if unknown := record.keys() - checks.keys():
        raise ValueError(f"{kind} has no field {shown(min(unknown))}")
    if missing := checks.keys() - record.keys() - declared._field_defaults.keys():
        raise ValueError(f"{kind} lacks {min(missing)}")
    for name, value in record.items():
        try:
            checks[name](value)
        except ValueError as error:
            raise ValueError(f"{kind}.{name} {error}") from None
    return from_json(record)


class Account:
    """Whether the events of a training fit its spec and each other, one after the other."""

    def __init__(self, spec: TrainSpec) -> None:
        self._runs = len(spec.labels)
        self._planned: list[int] | None = None
        self._steps = [0] * self._runs
        self._epochs = [-1] * self._runs  # the last one that has ended
        self._layers: dict[int, tuple[list[str], list[str]]] = {}

    def take(self, event: Event) -> None:
        """Note an event down.

        Raises:
            ValueError: it does not fit; "what is not right".
        """
        if isinstance(event, Started):
            self._start(event)
            return
        run = getattr(event, "run", 0)
        if not 0 <= run < self._runs:
            raise ValueError(f"it tells of run {run}, and there are {self._runs}")
        if isinstance(event, (Steps, Layers, EpochEnd)):
            if self._planned is None:
                raise ValueError(f"it tells {event.kind} before it has started")
            self._go_on(event, self._planned[run])

    def _start(self, event: Started) -> None:
        for name, values in event._asdict().items():
            if isinstance(values, list) and name != "class_names" and len(values) != self._runs:
                raise ValueError(f"started.{name} has {len(values)} values for {self._runs} runs")
        if min(event.steps_per_epoch) < 1:
            raise ValueError("started.steps_per_epoch must be at least 1")
        if sum(event.num_steps) > MAX_STEPS:
            raise ValueError(f"it plans {sum(event.num_steps):,} steps, and {MAX_STEPS:,} can be")
        self._planned = event.num_steps

    def _go_on(self, event: Steps | Layers | EpochEnd, planned: int) -> None:
        run = event.run
        if isinstance(event, Steps):
            if len(event.losses) != len(event.grad_norms):
                raise ValueError("steps tell as many losses as gradient norms")
            self._steps[run] += len(event.losses)
            if self._steps[run] > planned:
                raise ValueError(f"it tells {self._steps[run]} steps of {planned}")
        elif isinstance(event, EpochEnd):
            if event.epoch <= self._epochs[run]:
                raise ValueError(f"it tells epoch {event.epoch} after epoch {self._epochs[run]}")
            self._epochs[run] = event.epoch
        else:
            names = event.names, event.dead_names
            if tuple(map(len, names)) != (len(event.update_ratios), len(event.dead)):
                raise ValueError("layers have a name for each number")
            grads = event.grad_ratios
            if grads is not None and len(grads) != len(event.names):
                raise ValueError("layers have a name for each gradient")
            if self._layers.setdefault(run, names) != names or event.step >= max(planned, 1):
                raise ValueError("layers stay the same, and are looked at after a step")


@cache
def _checks(declared: type[Event]) -> dict[str, Callable[[Any], Any]]:
    return {name: _check(hint, name) for name, hint in _hints(declared).items()}


def _hints(declared: type[Event]) -> dict[str, Any]:
    return get_type_hints(declared, vars(sys.modules[declared.__module__]))


def _check(hint: Any, name: str) -> Callable[[Any], Any]:
    """The check of a field that is declared so."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is list:
        return list_of(_RANGES.get(name) or _check(arguments[0], name))
    if origin in (Union, UnionType):
        (other,) = (argument for argument in arguments if argument is not NoneType)
        return maybe(_check(other, name))
    if origin is Literal:
        return one_of(arguments)
    return _RANGES.get(name) or _plain(hint, name)


def _plain(hint: Any, name: str) -> Callable[[Any], Any]:
    if hint is int:
        return whole(0, 2**53)
    if hint is float:
        return real(0, 1) if name.endswith("accuracy") else real(-1e300, 1e300)
    if hint is str:
        return words(10_000)
    raise TypeError(f"no check for {name}: {hint}")  # a new kind of field needs one


_KINDS = {_hints(declared)["kind"].__args__[0]: declared for declared in get_args(Event)}
