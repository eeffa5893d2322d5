"""What a setting may be: a number, a word, an entry of a catalogue, or none of these."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from math import inf
from typing import Any

from optviz.catalog import Catalog, Entry, UnknownKeyError, shown, unknown, validate
from optviz.schedules import Schedule
from optviz.specs.checks import check_choice, check_flag, check_real, check_whole
from optviz.specs.schedule import parse_schedule
from optviz.specs.setting import Rule
from optviz.specs.text import (
    entry_text,
    parse_entry,
    parse_flag,
    parse_number,
    parse_point,
    parse_whole,
    point_text,
)


def whole(low: int, high: int) -> Rule:
    """A whole number from `low` to `high`."""
    return Rule(lambda who, value: check_whole(who, value, low, high), parse_whole)


def real(low: float, high: float, closed: str = "both") -> Rule:
    """A finite number between two ends; `closed` says which of them belong to it."""
    return Rule(lambda who, value: check_real(who, value, low, high, closed), parse_number)


def one_of(options: Collection[str]) -> Rule:
    """One of these words."""
    return Rule(
        lambda who, value: check_choice(who, value, options),
        lambda text, _: text,
        options=tuple(options),
    )


def some_of(options: Mapping[str, Any], what: str) -> Rule:
    """Any of these words, each said by itself and once; `what` is what they are."""

    def known(text: str, _: str) -> str:
        if text not in options:
            raise UnknownKeyError(unknown(what, text, options))
        return text

    def check(who: str, value: Any) -> None:
        if not isinstance(value, tuple) or len(set(value)) < len(value):
            raise ValueError(f"{who} must be words, each once, got {shown(value)}")
        for word in value:
            known(word, who)

    return Rule(check, known, many=len(options), options=tuple(options))


def key_of(catalog: Mapping[str, Any]) -> Rule:
    """The key of an entry."""

    def check(who: str, value: Any) -> None:
        if not isinstance(value, str) or value not in catalog:
            raise UnknownKeyError(unknown(who, value, catalog))

    return Rule(check, lambda text, _: text)


def optional_point() -> Rule:
    """`x,y`, or None, which no text says: it is the default."""

    def check(who: str, value: Any) -> None:
        if value is None:
            return
        if not isinstance(value, tuple) or len(value) != 2:
            raise ValueError(f"{who} must be two finite numbers x, y, got {shown(value)}")
        for number in value:
            check_real(who, number, -inf, inf, "neither")

    return Rule(check, parse_point, point_text, optional=True)


def text(most: int) -> Rule:
    """Text of at most so many characters."""

    def check(who: str, value: Any) -> None:
        if not isinstance(value, str) or len(value) > most:
            raise ValueError(f"{who} must be text of at most {most} characters, got {shown(value)}")

    return Rule(check, lambda text, _: text)


def flag() -> Rule:
    """Yes or no."""
    return Rule(check_flag, parse_flag, options=(False, True))


def optional(rule: Rule) -> Rule:
    """The same, or None, which no text says: it is the default."""

    def check(who: str, value: Any) -> None:
        if value is not None:
            rule.check(who, value)

    return replace(rule, check=check, optional=True)


def entry_of(catalog: Catalog[Any]) -> Rule:
    """An entry of a catalogue, `KEY:name=value`."""

    def check(who: str, value: Any) -> None:
        _check_entry(who, value, catalog.base)

    return Rule(check, lambda text, _: parse_entry(text, catalog)[0], entry_text, as_text=True)


def a_schedule() -> Rule:
    """A schedule, or several multiplied."""

    def check(who: str, value: Any) -> None:
        _check_entry(who, value, Schedule)

    return Rule(check, lambda text, _: parse_schedule(text), entry_text, as_text=True)


def _check_entry(who: str, value: Any, base: type[Entry]) -> None:
    if not isinstance(value, base):
        raise ValueError(f"{who} must be a {base.__name__}, got {shown(value)}")
    validate(value)
