"""Entries as text, `adam:learning_rate=0.05,b1=0.9`: the same form in links, commands and files."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any, TypeVar

from optviz.catalog import Catalog, Entry, defaults, knobs, shown, switches, unknown, validate

T = TypeVar("T", bound=Entry)


def entry_text(item: Entry, given: Collection[str] | None = None) -> str:
    """The text of an entry, with the fields in `given` (default: what differs from the class).

    Raises:
        ValueError: no catalogue has it, so that no text can name it.
    """
    if item.parts[0] is not item:
        return "*".join(map(entry_text, item.parts))
    if not hasattr(item, "name"):
        raise ValueError(f"{item.label} has no link: it lives in Python only")
    base = defaults(type(item))
    if given is None:
        given = [name for name in base if getattr(item, name) != base[name]]
    pairs = [f"{name}={value_text(getattr(item, name))}" for name in base if name in given]
    return item.name + (":" + ",".join(pairs) if pairs else "")


def value_text(value: Any) -> str:
    """A hyperparameter's value as text: the shortest that reads back to the same value."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        text = repr(float(value))
        return text[:-2] if text.endswith(".0") else text
    if isinstance(value, tuple):
        nested = any(isinstance(part, tuple) for part in value)
        return "x".join("/".join(map(value_text, p)) if nested else value_text(p) for p in value)
    return str(value)


def parse_entry(text: str, catalog: Catalog[T]) -> tuple[T, tuple[str, ...]]:
    """Read `KEY:name=value,name=value`.

    Returns:
        The entry, and the names that the text gave, in the order of declaration.

    Raises:
        ValueError: unknown key or name (the closest known one is named), a value that is not a
            number or not an option, or one outside its domain.
    """
    key, _, rest = text.partition(":")
    key = key.strip()
    cls = catalog[key]
    values: dict[str, Any] = {}
    for pair in filter(None, (part.strip() for part in rest.split(","))):
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not equals:
            raise ValueError(f"{key}: expected name=value, got {shown(pair)}")
        if name in values:
            raise ValueError(f"{key}: {name} is given twice")
        values[name] = parse_value(cls, name, value)
    item = cls(**values)
    validate(item)
    return item, tuple(name for name in defaults(cls) if name in values)


def parse_value(cls: type[Entry], name: str, text: str) -> Any:
    """Read one hyperparameter of an entry class from text.

    Raises:
        ValueError: unknown name, or text that is not of the field's type.
    """
    if name in knobs(cls):
        value = parse_number(text, f"{cls.__name__}.{name}")
        return int(value) if knobs(cls)[name].integer and value == int(value) else value
    if name not in switches(cls):
        raise ValueError(unknown(f"knob of {cls.name}", name, [*knobs(cls), *switches(cls)]))
    for option in switches(cls)[name].options:
        if value_text(option).lower() == text.lower():
            return option
    if switches(cls)[name].options:
        options = ", ".join(map(value_text, switches(cls)[name].options))
        raise ValueError(f"{cls.__name__}.{name} must be one of {options}, got {shown(text)}")
    like = defaults(cls)[name]
    if isinstance(like, tuple):
        return _parse_tuple(text, like, f"{cls.__name__}.{name}")
    if isinstance(like, (int, float)):
        return type(like)(parse_number(text, f"{cls.__name__}.{name}"))
    return text


def _parse_tuple(text: str, like: tuple[Any, ...], who: str) -> tuple[Any, ...]:
    """`64x32`, or where `like` holds pairs `0/1x0.5/0.2`; whole numbers where `like` has them."""
    parts = text.split("x") if text else []
    if like and isinstance(like[0], tuple):
        pairs = [part.split("/") for part in parts]
        return tuple(tuple(parse_number(number, who) for number in pair) for pair in pairs)
    whole = all(isinstance(number, int) for number in like)
    return tuple((parse_whole if whole else parse_number)(part, who) for part in parts)


# Not all that Python reads as a number, which is `1_0` and the digits of every script as well.
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(inf|infinity|nan)")


def parse_number(text: str, who: str) -> float:
    """A finite number, or a `ValueError` that says whose it should have been."""
    if not _NUMBER.fullmatch(text.strip().lower()):
        raise ValueError(f"{who} must be a number, got {shown(text)}")
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{who} must be a finite number, got {shown(text)}")
    return value


def parse_whole(text: str, who: str) -> int:
    """A whole number, or a `ValueError` that says whose it should have been."""
    value = parse_number(text, who)
    if value != int(value):
        raise ValueError(f"{who} must be a whole number, got {shown(text)}")
    return int(value)


def parse_flag(text: str, who: str) -> bool:
    """`true` or `false`."""
    if text.lower() not in ("true", "false"):
        raise ValueError(f"{who} must be true or false, got {shown(text)}")
    return text.lower() == "true"


def parse_point(text: str, who: str) -> tuple[float, float]:
    """`x,y` as two finite numbers."""
    parts = text.split(",")
    if len(parts) != 2:
        raise ValueError(f"{who} must be x,y, got {shown(text)}")
    return (parse_number(parts[0], who), parse_number(parts[1], who))


def point_text(point: Iterable[float]) -> str:
    """`x,y`, the inverse of `parse_point`."""
    return ",".join(value_text(float(v)) for v in point)


def brief(value: float, digits: int = 3) -> str:
    """`0.0123`, `12,346`, `1.23e+09`: so many digits, an exponent from a million on."""
    if 10**digits - 0.5 <= abs(value) < 1e6:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def counted(number: int, noun: str) -> str:
    """`1 step`, `1,024 steps`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def counted_all(numbers: Sequence[int], noun: str) -> str:
    """What several have of something: `3 steps`, or `1 to 3 steps` where they differ."""
    low, high = min(numbers), max(numbers)
    return counted(low, noun) if low == high else f"{low:,} to {counted(high, noun)}"
