"""How a link says the settings of a spec, and how it is read.

It is read whole: every parameter is parsed by itself, then the spec is made once and checked once.
Only where that is refused are parameters left out, one at a time, to say which was at fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple, Self, TypeAlias, TypeVar

from optviz.catalog import shown
from optviz.specs.setting import defaults, parameters, settings

Parsers: TypeAlias = Mapping[str, Callable[[str, str], Any]]  # called as `Rule.parse` is


class Spec:
    """What every spec, a frozen dataclass of settings, has in common: links say it.

    Attributes:
        what: has these settings: "a race".
        parsers: parameter of a link -> its parser, for those that are not one setting each.
    """

    what: ClassVar[str]
    parsers: ClassVar[Parsers] = {}
    __dataclass_fields__: ClassVar[dict[str, Any]]  # every spec is a dataclass

    def check(self) -> None:
        """Raise `ValueError`, one line with who, what is allowed and what came."""
        for name, rule in settings(type(self)).items():
            rule.check(name, getattr(self, name))

    def to_query(self) -> dict[str, list[str]]:
        """The parameters of a link, without what is at its default.

        Raises:
            ValueError: a part lives in Python only, so that no link can carry it.
        """
        cls, query = type(self), {}
        base = defaults(cls)
        for parameter, name in parameters(cls).items():
            value, rule = getattr(self, name), settings(cls)[name]
            if name not in base or value != base[name]:
                query[parameter] = [*map(rule.text, value if rule.many else [value])]
        return query

    @classmethod
    def from_query(cls, query: Mapping[str, Sequence[str]], base: Self) -> tuple[Self, list[str]]:
        """Read a link; what is damaged keeps the value of `base` and is reported.

        What the link says goes before what it leaves unsaid: a setting of `base` that contradicts
        it is at its default.

        Returns:
            The spec, and one line for everything that was ignored.
        """
        said, problems = _parsed(cls, query)
        spec, refused = _whole(base, said)
        return spec, [*problems, *refused]

    def with_said(self, said: Mapping[str, list[Any]]) -> Self:
        """The spec with what a link said: parameter -> values; here each is one setting."""
        cls, changes = type(self), {}
        for parameter, values in said.items():
            name = parameters(cls)[parameter]
            changes[name] = tuple(values) if settings(cls)[name].many else values[0]
        return replace(self, **changes)


S = TypeVar("S", bound=Spec)


# Reading a link ----------------------------------------------------------------------------------


class Said(NamedTuple):
    """One thing that a link says."""

    parameter: str
    value: Any


def _parsed(cls: type[Spec], query: Mapping[str, Sequence[str]]) -> tuple[list[Said], list[str]]:
    """What a link says, each parameter by itself; and one line for everything that was ignored."""
    rules = {p: settings(cls)[name] for p, name in parameters(cls).items()}
    parse = {p: rule.parse for p, rule in rules.items()} | dict(cls.parsers)
    said, problems = [], []
    for name, given in query.items():
        if name not in parse:
            problems.append(f"{shown(name)} is not a setting of {cls.what}")
            continue
        values = [text for text in given if text]
        most = (rules[name].many or 1) if name in rules else 1
        if len(values) > most:
            problems.append(surplus(name, most, len(values)))
        for text in values[:most]:
            try:
                value = parse[name](text, name)
                if name in rules and not rules[name].many:
                    rules[name].check(name, value)
            except ValueError as error:
                problems.append(f"{name}: {error}")
            else:
                said.append(Said(name, value))
    return said, problems


def surplus(parameter: str, most: int, came: int) -> str:
    """One line: a link says something more often than it is read."""
    read = f"of {came} is" if most == 1 else f"{most} of {came} are"
    return f"{parameter}: only the first {read} read"


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


def _fault(base: Spec, said: list[Said], error: str) -> Said:
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
