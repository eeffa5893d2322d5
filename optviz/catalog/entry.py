"""What a catalogue entry is, and what its fields declare.

An optimizer, surface, schedule or network is one frozen dataclass that is also a JAX pytree. Its
fields are its hyperparameters: a `knob` is a number and a traced leaf (changing it compiles
nothing), a `switch` selects code and is static. Menus, sliders, the command line, links,
validation, tests and documentation all read the same fields.
"""

from __future__ import annotations

import dataclasses
import math
import numbers
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, TypeVar, dataclass_transform

import jax
import numpy as np

from optviz.catalog.words import shown

_META = "optviz"


@dataclass(frozen=True)
class Knob:
    """What is known about one numeric hyperparameter.

    Attributes:
        domain: the mathematically allowed interval; outside it `validate` raises.
        closed: which ends of `domain` belong to it: "left", "right", "both" or "neither".
            An infinite end never belongs to it.
        typical: the range that a slider offers.
        log: whether equal ratios, rather than equal differences, look equal on a slider.
        integer: whether only whole numbers are allowed.
        static: whether the number decides shapes or loops, so that each value compiles once.
        help: one sentence in plain words.
    """

    domain: tuple[float, float]
    typical: tuple[float, float]
    log: bool
    help: str
    closed: str
    integer: bool
    static: bool

    def contains(self, value: float) -> bool:
        low, high = self.domain
        if low < value < high:
            return True
        if not math.isfinite(value):
            return False  # an infinite end never belongs to it
        return (value == low and self.closed in ("left", "both")) or (
            value == high and self.closed in ("right", "both")
        )

    def describe(self) -> str:
        """The domain as mathematicians write it: `[0, 1)`."""
        low, high = self.domain
        left = "[" if self.closed in ("left", "both") and math.isfinite(low) else "("
        right = "]" if self.closed in ("right", "both") and math.isfinite(high) else ")"
        return f"{left}{low:g}, {high:g}{right}"


@dataclass(frozen=True)
class Switch:
    """What is known about one choice between pieces of code."""

    options: tuple[Any, ...]  # empty: any value of the default's type
    help: str
    traced: bool = False  # a tuple of numbers whose values compile nothing; its length does
    refuse: Callable[[Any], str | None] | None = None  # what a value must be, or None: it is fine


def knob(
    default: float,
    *,
    domain: tuple[float, float],
    typical: tuple[float, float],
    help: str,
    log: bool = False,
    closed: str = "left",
    integer: bool = False,
    static: bool = False,
) -> Any:
    """Declare a numeric hyperparameter: a traced leaf of the entry, unless it is `static`."""
    info = Knob(domain, typical, log, help, closed, integer, static)
    return dataclasses.field(default=default, metadata={_META: info})


def switch(default: Any, *, help: str, options: tuple[Any, ...] = ()) -> Any:
    """Declare a choice between pieces of code: static, so each choice compiles once."""
    if not options and isinstance(default, bool):
        options = (False, True)
    info = Switch(options, help)
    return dataclasses.field(default=default, metadata={_META: info, "static": True})


def sequence(default: Any, *, help: str, refuse: Callable[[Any], str | None]) -> Any:
    """Declare a list of numbers, or of pairs, of any length: traced, each length compiles once.

    Args:
        default: a tuple, which may hold tuples.
        help: one sentence in plain words.
        refuse: given a value, what it must be instead ("rise"), or None where it is fine.
    """
    info = Switch((), help, traced=True, refuse=refuse)
    return dataclasses.field(default=default, metadata={_META: info})


@dataclass(frozen=True)
class Entry:
    """Base of everything in the catalogue; subclasses are made with `@entry`."""

    name: ClassVar[str]  # snake_case key in links, the command line and files
    label: ClassVar[str]  # the paper's spelling

    @property
    def parts(self) -> tuple[Entry, ...]:
        """The catalogued entries that this one is made of: itself, unless it composes others."""
        return (self,)


T = TypeVar("T", bound=Entry)


@dataclass_transform(frozen_default=True)
def entry(cls: type[T]) -> type[T]:
    """Make `cls` a frozen dataclass whose knobs are pytree leaves and whose switches are static."""
    cls = dataclass(frozen=True)(cls)
    fields = dataclasses.fields(cls)
    for field in fields:
        if _META not in field.metadata:
            raise TypeError(f"{cls.__name__}.{field.name} must be declared as a knob or a switch")
    infos = {f.name: f.metadata[_META] for f in fields}
    traced = {
        name
        for name, info in infos.items()
        if (info.traced if isinstance(info, Switch) else not info.static)
    }
    register(cls, [n for n in infos if n in traced], [n for n in infos if n not in traced])
    return cls


def register(cls: type[T], data: list[str], meta: list[str]) -> None:
    """Make a frozen dataclass a pytree whose `data` fields are traced and `meta` are static."""
    keys = [jax.tree_util.GetAttrKey(name) for name in data]

    # Not `register_dataclass`: its tree structures compare equal across classes with equally many
    # knobs (jaxlib 0.10.2; only their hashes differ), so that once in some hundred compilations one
    # rule is handed the program of another.
    def flatten(item: T) -> tuple[list[Any], tuple[Any, ...]]:
        values = item.__dict__
        return [values[name] for name in data], tuple([values[name] for name in meta])

    def flatten_with_keys(item: T) -> tuple[list[Any], tuple[Any, ...]]:
        leaves, switched = flatten(item)
        return list(zip(keys, leaves, strict=True)), switched

    def unflatten(switched: tuple[Any, ...], leaves: Iterable[Any]) -> T:
        item = object.__new__(cls)
        item.__dict__.update(zip(data, leaves, strict=True))
        item.__dict__.update(zip(meta, switched, strict=True))
        return item

    jax.tree_util.register_pytree_with_keys(cls, flatten_with_keys, unflatten, flatten)


@cache
def knobs(cls: type[Entry]) -> Mapping[str, Knob]:
    """The numeric hyperparameters of an entry class, in the order in which they are declared."""
    return {n: f.metadata[_META] for n, f in _fields(cls) if isinstance(f.metadata[_META], Knob)}


@cache
def switches(cls: type[Entry]) -> Mapping[str, Switch]:
    """The code-selecting hyperparameters of an entry class, in the order of declaration."""
    return {n: f.metadata[_META] for n, f in _fields(cls) if isinstance(f.metadata[_META], Switch)}


@cache
def static_fields(cls: type[Entry]) -> tuple[str, ...]:
    """Names of the hyperparameters that decide an entry's program: each value compiles once."""
    return tuple(n for n in defaults(cls) if n in switches(cls) or knobs(cls)[n].static)


@cache
def defaults(cls: type[Entry]) -> Mapping[str, Any]:
    """Field name -> the class's own default."""
    return {n: f.default for n, f in _fields(cls)}


def _fields(cls: type[Entry]) -> Iterator[tuple[str, dataclasses.Field[Any]]]:
    return ((f.name, f) for f in dataclasses.fields(cls))


def validate(item: Entry) -> None:
    """Check every hyperparameter of an entry against its declaration.

    Raises:
        ValueError: `Adam.b1 must lie in [0, 1), got 1.2`.
    """
    if item.parts[0] is not item:
        for part in item.parts:
            validate(part)
        return
    cls = type(item)
    for name, info in knobs(cls).items():
        value = getattr(item, name)
        if type(value) is float and not info.integer and info.contains(value):
            continue  # nearly every knob of every race: no need to look closer
        if isinstance(value, (jax.Array, np.ndarray)) and value.ndim == 0:
            value = value.item()
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise ValueError(f"{cls.__name__}.{name} must be a number, got {shown(value)}")
        try:
            number = float(value)
        except OverflowError:  # a whole number that no float can hold
            number = math.inf
        if info.integer and math.isfinite(number) and not number.is_integer():
            raise ValueError(f"{cls.__name__}.{name} must be a whole number, got {shown(value)}")
        if not info.contains(number):
            raise ValueError(
                f"{cls.__name__}.{name} must lie in {info.describe()}, got {shown(value)}"
            )
    for name, info in switches(cls).items():
        value = getattr(item, name)
        if info.options and value not in info.options:
            allowed = ", ".join(map(str, info.options))
            raise ValueError(f"{cls.__name__}.{name} must be one of {allowed}, got {shown(value)}")
        if info.refuse is not None and (wanted := info.refuse(value)):
            raise ValueError(f"{cls.__name__}.{name} must {wanted}, got {shown(value)}")
