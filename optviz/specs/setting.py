"""A setting is declared once: what it may be, how it is said, and what people see of it.

A spec is a frozen dataclass whose fields are made with `setting(rule, default, …)`. Its check, its
parameter of a link, its JSON, its flag on the command line and its control on a page follow.
`optviz.specs.rules` has what a setting may be.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import cache
from typing import Any, NamedTuple, TypeVar

from optviz.catalog import shown
from optviz.specs.text import value_text

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
        options: all values that there are, where they can be counted on fingers.
        optional: whether it may be None, which an empty flag says.
    """

    check: Callable[[str, Any], None]
    parse: Callable[[str, str], Any]
    text: Callable[[Any], str] = value_text
    many: int = 0
    as_text: bool = False
    options: tuple[Any, ...] = ()
    optional: bool = False

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


class Choice(NamedTuple):
    """A setting as people choose it.

    Attributes:
        label: its name on a page.
        help: what it does, a sentence or two.
        offer: values that a page offers: suggestions, or all there are.
        words: what values are called, where not by themselves.
        form: what its text looks like, where that is not plain.
        about: what it is about, in a word: settings about one thing stand together on a page.
    """

    label: str
    help: str
    offer: tuple[Any, ...] = ()
    words: Mapping[Any, str] = {}
    form: str | None = None
    about: str = ""

    def say(self, value: Any) -> str:
        """The value for people."""
        if value in self.words:
            return self.words[value]
        return f"{value:,}" if type(value) is int else value_text(value)


class _Declared(NamedTuple):
    rule: Rule
    link: str | None
    flag: str | None
    choice: Choice


def setting(
    rule: Rule,
    default: Any = MISSING,
    *,
    link: str | None = None,
    flag: str | None = None,
    label: str = "",
    help: str = "",
    offer: Collection[Any] = (),
    words: Mapping[Any, str] | None = None,
    form: str | None = None,
    about: str = "",
) -> Any:
    """Declare a field of a spec.

    Args:
        rule: what it may be.
        default: what it is where nothing is said; without one it must be said.
        link: its parameter of a link; None: the field's name; "": links do not say it, or not
            by one parameter.
        flag: its flag on the command line, without dashes in front; None: the field's name; "":
            the command says it in another way.
        label, help, offer, words, form, about: see `Choice`; without `offer`, all that the rule
            allows.
    """
    offered = tuple(offer) or rule.options
    choice = Choice(label, help, offered, words or {}, form, about)
    info = {_META: _Declared(rule, link, flag, choice)}
    if default is MISSING:
        return field(metadata=info)
    return field(default=default, metadata=info)


def same(cls: type, name: str, default: Any = MISSING) -> Any:
    """Declare a field as another spec declares it, maybe with another default."""
    (whole,) = (one for one in fields(cls) if one.name == name)
    default = whole.default if default is MISSING else default
    return field(default=default, metadata=whole.metadata)


def _declared(cls: type) -> dict[str, _Declared]:
    return {f.name: f.metadata[_META] for f in fields(cls)}


@cache
def settings(cls: type) -> Mapping[str, Rule]:
    """Field -> what it may be, in the order of declaration."""
    return {name: declared.rule for name, declared in _declared(cls).items()}


@cache
def parameters(cls: type) -> Mapping[str, str]:
    """Parameter of a link -> field, for the fields that one parameter says."""
    links = {name: declared.link for name, declared in _declared(cls).items()}
    return {n if link is None else link: n for n, link in links.items() if link != ""}


@cache
def flags(cls: type) -> Mapping[str, str]:
    """Field -> its flag on the command line, for the fields that have one of their own."""
    said = {name: declared.flag for name, declared in _declared(cls).items()}
    return {
        n: "--" + (n.replace("_", "-") if flag is None else flag)
        for n, flag in said.items()
        if flag != ""
    }


@cache
def choices(cls: type) -> Mapping[str, Choice]:
    """Field -> how people choose it, in the order of declaration."""
    return {name: declared.choice for name, declared in _declared(cls).items()}


@cache
def defaults(cls: type) -> Mapping[str, Any]:
    """Field -> its default, for the fields that have one."""
    return {f.name: f.default for f in fields(cls) if f.default is not MISSING}


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
