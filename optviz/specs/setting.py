"""A setting is declared once: what it may be, and how links, files and commands say it.

A spec is a frozen dataclass whose fields are made with `setting(rule, default)`. What is read from
a link is read whole: every parameter is parsed by itself, then the spec is made once and checked
once. Only where that is refused are parameters left out, one at a time, to say which was at fault.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import cache
from typing import Any, NamedTuple, Protocol, TypeVar

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


class Spec(Protocol):
    """A frozen dataclass of settings."""

    def check(self) -> None:
        """Raise `ValueError`, one line with who, what is allowed and what came."""

    def with_said(self, said: Mapping[str, list[Any]]) -> Any:
        """The spec with what a link said: parameter -> values."""


S = TypeVar("S", bound=Any)  # a Spec


def check_settings(spec: Any) -> None:
    """Check each setting by itself: `ValueError` with who, what is allowed and what came."""
    for name, rule in settings(type(spec)).items():
        rule.check(name, getattr(spec, name))


def link_of(spec: Any) -> dict[str, list[str]]:
    """The parameters of a link for the settings that are not at their defaults."""
    cls, query = type(spec), {}
    base = defaults(cls)
    for parameter, name in parameters(cls).items():
        value, rule = getattr(spec, name), settings(cls)[name]
        if name not in base or value != base[name]:
            query[parameter] = [rule.text(v) for v in value] if rule.many else [rule.text(value)]
    return query


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


def said_by_field(spec: S, said: Mapping[str, list[Any]]) -> S:
    """The spec with what a link said, where each parameter is one setting."""
    cls, changes = type(spec), {}
    for parameter, values in said.items():
        name = parameters(cls)[parameter]
        changes[name] = tuple(values) if settings(cls)[name].many else values[0]
    return replace(spec, **changes)


def plain(spec: S) -> S:
    """The spec with every setting that has a default at it: what a link leaves unsaid."""
    return replace(spec, **defaults(type(spec)))


# Reading a link ----------------------------------------------------------------------------------


class Said(NamedTuple):
    """One thing that a link says."""

    parameter: str
    value: Any


def read_link(
    base: S,
    query: Mapping[str, Sequence[str]],
    what: str,
    parsers: Mapping[str, Callable[[str, str], Any]] | None = None,
) -> tuple[S, list[str]]:
    """Read a link; what is damaged keeps the value of `base` and is reported.

    What the link says goes before what it leaves unsaid: a setting of `base` that contradicts it
    is at its default.

    Args:
        base: has the settings that the link leaves unsaid.
        query: parameter -> texts.
        what: has these settings: "a race".
        parsers: of parameters that are not one setting each, beside those of the settings.

    Returns:
        The spec, and one line for everything that was ignored.
    """
    cls = type(base)
    rules = {p: settings(cls)[name] for p, name in parameters(cls).items()}
    parse = {p: rule.parse for p, rule in rules.items()} | dict(parsers or {})
    said, problems = [], []
    for name, given in query.items():
        if name not in parse:
            problems.append(f"{shown(name)} is not a setting of {what}")
            continue
        values = [text for text in given if text]
        most = (rules[name].many or 1) if name in rules else 1
        if len(values) > most:
            problems.append(f"{name}: only the first {_count(most, len(values))} read")
        for text in values[:most]:
            try:
                value = parse[name](text, name)
                if name in rules and not rules[name].many:
                    rules[name].check(name, value)
            except ValueError as error:
                problems.append(f"{name}: {error}")
            else:
                said.append(Said(name, value))
    spec, refused = _whole(base, said)
    return spec, [*problems, *refused]


def _count(most: int, came: int) -> str:
    return f"of {came} is" if most == 1 else f"{most} of {came} are"


def _whole(base: S, said: list[Said]) -> tuple[S, list[str]]:
    """The spec of all that is said; of what cannot stand together, the later part is left out."""
    problems = []
    while True:
        spec, error = _tried(base, said)
        if spec is None:
            spec = _with_defaults(base, said)
        if spec is not None or not said:
            return (base if spec is None else spec), problems
        fault = _fault(base, said, error)
        problems.append(f"{fault.parameter}: {error}")
        said = [one for one in said if one is not fault]


def _tried(base: S, said: Iterable[Said]) -> tuple[S | None, str]:
    """The spec, or why it is refused."""
    values: dict[str, Any] = {}
    for parameter, value in said:
        values.setdefault(parameter, []).append(value)
    try:
        spec = base.with_said(values)
        spec.check()
    except ValueError as error:
        return None, str(error)
    return spec, ""


def _with_defaults(base: S, said: list[Said]) -> S | None:
    """The spec over a base with one unsaid setting at its default, if that is all that it takes."""
    cls = type(base)
    fields_said = {parameters(cls).get(one.parameter) for one in said}
    for name, default in defaults(cls).items():
        if name not in fields_said and getattr(base, name) != default:
            spec, _ = _tried(replace(base, **{name: default}), said)
            if spec is not None:
                return spec
    return None


def _fault(base: Any, said: list[Said], error: str) -> Said:
    """What to leave out: what makes the rest sound; else what the refusal is about."""
    others = [(one, [o for o in said if o is not one]) for one in reversed(said)]
    about = None
    for one, rest in others:
        spec, other = _tried(base, rest)
        if spec is not None:
            return one
        if about is None and other != error:
            about = one
    return about or said[-1]
