"""A setting is declared once: what it may be, and how links, files and commands say it.

A spec is a frozen dataclass whose fields are made with `setting(rule, default)`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import cache
from typing import Any, TypeVar

from optviz.catalog import Catalog, Entry, shown, validate
from optviz.schedules import Schedule
from optviz.specs.checks import check_choice, check_flag, check_real, check_whole
from optviz.specs.schedule import parse_schedule
from optviz.specs.text import (
    entry_text,
    parse_entry,
    parse_flag,
    parse_number,
    parse_whole,
    value_text,
)

_META = "optviz.setting"


@dataclass(frozen=True)
class Rule:
    """What one setting may be.

    Attributes:
        check: raises `ValueError` for a value that it may not be; called with (who, value).
        parse: the value from text; called with (text, who), raises `ValueError`.
        text: the inverse of `parse`.
        many: how often a link may say it, each time for one more value; 0: once, for all of it.
        as_text: whether JSON holds the text, as for entries, instead of the value itself.
    """

    check: Callable[[str, Any], None]
    parse: Callable[[str, str], Any]
    text: Callable[[Any], str] = value_text
    many: int = 0
    as_text: bool = False

    def to_json(self, value: Any) -> Any:
        if self.many:
            return [self.text(one) for one in value]
        return self.text(value) if self.as_text and value is not None else value

    def from_json(self, value: Any, who: str) -> Any:
        """The inverse of `to_json`; the value is not checked yet."""
        if self.many:
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                raise ValueError(f"{who} must be a list of texts, got {shown(value)}")
            return tuple(self.parse(one, who) for one in value)
        if self.as_text and value is not None:
            if not isinstance(value, str):
                raise ValueError(f"{who} must be text, got {shown(value)}")
            return self.parse(value, who)
        return value


def setting(rule: Rule, default: Any = MISSING, *, link: str | None = None) -> Any:
    """Declare a field of a spec.

    Args:
        rule: what it may be.
        default: what it is where nothing is said; without one it must be said.
        link: its parameter of a link; None: the field's name; "": links do not say it, or not
            by one parameter.
    """
    info = {_META: (rule, link)}
    if default is MISSING:
        return field(metadata=info)
    return field(default=default, metadata=info)


@cache
def settings(cls: type) -> Mapping[str, Rule]:
    """Field -> what it may be, in the order of declaration."""
    return {f.name: f.metadata[_META][0] for f in fields(cls)}


@cache
def parameters(cls: type) -> Mapping[str, str]:
    """Parameter of a link -> field, for the fields that one parameter says."""
    links = {f.name: f.metadata[_META][1] for f in fields(cls)}
    return {n if link is None else link: n for n, link in links.items() if link != ""}


@cache
def defaults(cls: type) -> Mapping[str, Any]:
    """Field -> its default, for the fields that have one."""
    return {f.name: f.default for f in fields(cls) if f.default is not MISSING}


# What a setting may be --------------------------------------------------------------------------


def whole(low: int, high: int) -> Rule:
    """A whole number from `low` to `high`."""
    return Rule(lambda who, value: check_whole(who, value, low, high), parse_whole)


def real(low: float, high: float, closed: str = "both") -> Rule:
    """A finite number between two ends; `closed` says which of them belong to it."""
    return Rule(lambda who, value: check_real(who, value, low, high, closed), parse_number)


def one_of(options: Collection[str]) -> Rule:
    """One of these words."""
    return Rule(lambda who, value: check_choice(who, value, options), lambda text, _: text)


def flag() -> Rule:
    """Yes or no."""
    return Rule(check_flag, parse_flag)


def optional(rule: Rule) -> Rule:
    """The same, or None, which no text says: it is the default."""

    def check(who: str, value: Any) -> None:
        if value is not None:
            rule.check(who, value)

    return replace(rule, check=check)


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


# Specs -------------------------------------------------------------------------------------------


S = TypeVar("S", bound=Any)  # a frozen dataclass of settings


def spec_to_json(spec: Any) -> dict[str, Any]:
    """Plain JSON data of every setting, which `spec_from_json` reads back."""
    return {n: rule.to_json(getattr(spec, n)) for n, rule in settings(type(spec)).items()}


def spec_from_json(cls: type[S], record: Any) -> S:
    """The spec that `spec_to_json` wrote, checked again.

    A setting that the record does not have, for it is older, is at its default.

    Raises:
        ValueError: a value that it may not have, or one that it must have and is not there.
    """
    if not isinstance(record, Mapping):
        raise ValueError(f"a {cls.__name__} must be a JSON object, got {shown(record)}")
    rules = settings(cls)
    missing = [name for name in rules if name not in record and name not in defaults(cls)]
    if missing:
        raise ValueError(f"a {cls.__name__} needs {', '.join(missing)}")
    spec = cls(**{n: rule.from_json(record[n], n) for n, rule in rules.items() if n in record})
    spec.check()
    return spec


def plain(spec: S) -> S:
    """The spec with every setting that has a default at it: what a link leaves unsaid."""
    return replace(spec, **defaults(type(spec)))
