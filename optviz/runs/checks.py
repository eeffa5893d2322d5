"""Checks of single values, as rows, events and files bring them: each says what it must be."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from optviz.runs.schema import MAX_CELL, TOO_LARGE

MAX_JSON = 1_000_000  # characters of a column that holds JSON


def parsed(text: Any, most: int = MAX_JSON) -> Any:
    """The value of strict JSON.

    Raises:
        ValueError: it is none: "must be …".
    """
    if not isinstance(text, str):
        raise ValueError(f"must be JSON, got {shown(text)}")
    if len(text) > most:
        raise ValueError(f"must have at most {most:,} characters, got {len(text):,}")
    try:
        return _STRICT.decode(text)
    except (ValueError, RecursionError) as error:
        got = "too many brackets" if isinstance(error, RecursionError) else shown(text)
        raise ValueError(f"must be JSON, got {got}") from None


def shown(value: object) -> str:
    """A value in a message, in few and printable characters."""
    if value is TOO_LARGE:
        return f"more than {MAX_CELL >> 20} MB"
    if isinstance(value, (str, bytes)):
        value = value[:40]
    elif isinstance(value, int) and abs(value) > 10**18:
        return "a number beyond all"  # Python may refuse to spell it
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def whole(low: int, high: int) -> Callable[[Any], int]:
    """A check of whole numbers from `low` to `high`."""

    def check(value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high:,}, got {shown(value)}")
        return value

    return check


def real(low: float, high: float) -> Callable[[Any], float]:
    """A check of finite numbers from `low` to `high`."""

    def check(value: Any) -> float:
        if type(value) not in (int, float) or not low <= value <= high:
            raise ValueError(f"must be a number from {low:g} to {high:g}, got {shown(value)}")
        return value

    return check


def words(most: int) -> Callable[[Any], str]:
    """A check of texts of valid characters, at most so many."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or len(value) > most:
            raise ValueError(f"must be a text of at most {most:,} characters, got {shown(value)}")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError(f"must be valid UTF-8, got {shown(value)}") from None
        return value

    return check


def maybe(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same check, and None passes."""
    return lambda value: None if value is None else check(value)


def one_of(allowed: Sequence[str]) -> Callable[[Any], str]:
    """A check of words."""

    def check(value: Any) -> str:
        if value not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}, got {shown(value)}")
        return value

    return check


def list_of(check: Callable[[Any], Any], most: int = 1_000_000) -> Callable[[Any], Any]:
    """A check of lists, and of all that is in them."""

    def each(values: Any) -> Any:
        if not isinstance(values, list) or len(values) > most:
            raise ValueError(f"must be a list of at most {most:,}, got {shown(values)}")
        for value in values:
            check(value)
        return values

    return each


def fields(value: Any, checks: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """An object of JSON whose fields pass their checks; what others there are is left alone."""
    if not isinstance(value, dict):
        raise ValueError(f"must be an object, got {shown(value)}")
    for name, check in checks.items():
        if name in value:
            try:
                check(value[name])
            except ValueError as error:
                raise ValueError(f"{name} {error}") from None
    return value


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


_STRICT = json.JSONDecoder(parse_constant=_no_constant)
