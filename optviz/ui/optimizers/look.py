"""What a visitor of the gallery looks at: the link's parameters, kept while the session lasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import streamlit as st

from optviz.catalog import knobs, switches, unknown
from optviz.catalog.description import describe
from optviz.optimizers import OPTIMIZERS
from optviz.optimizers.base import KINDS
from optviz.surfaces import SURFACES
from optviz.ui import links

VIEWS = ("rules", "tree", "table")
MAX_SEARCH = 200  # characters
_KEY = "gallery.look"


@dataclass(frozen=True)
class Look:
    """One visit. Every field is a parameter of the link.

    Attributes:
        rule: the rule that is open.
        find: what is searched for.
        kind: the families that are listed; (): all.
        view: one of VIEWS.
        surface: where the small race runs.
    """

    rule: str = "sgd"
    find: str = ""
    kind: tuple[str, ...] = ()
    view: str = "rules"
    surface: str = "ravine"


def open_link() -> list[str]:
    """Take what the link says; returns one line for everything that was ignored."""
    query = links.read()
    if _KEY in st.session_state and not links.is_news(_KEY, query):
        return []
    said, problems = {}, []
    for name, values in query.items():
        said[name], ignored = _read(name, values)
        problems += ignored
    look = Look(**{name: value for name, value in said.items() if value})
    st.session_state[_KEY] = look
    if not problems:
        links.is_told(_KEY, look, query)
    return links.ignored(problems)


def current() -> Look:
    return st.session_state[_KEY]


def change(**values: Any) -> None:
    """Look at something else, and say so in the link."""
    st.session_state[_KEY] = replace(current(), **values)
    write_link()


def write_link() -> None:
    look = current()
    links.write(_KEY, look, lambda: _query(look))


def found(look: Look) -> list[str]:
    """Keys of the rules that are listed: family by family, oldest first."""
    terms = look.find.casefold().split()
    order = {kind: place for place, kind in enumerate(KINDS)}

    def place(key: str) -> tuple[int, int, str]:
        cls = OPTIMIZERS[key]
        return (order.get(cls.kind, len(order)), describe(cls).year or 9999, key)

    keys = [
        key
        for key, cls in OPTIMIZERS.items()
        if (not look.kind or cls.kind in look.kind) and all(term in _words(cls) for term in terms)
    ]
    return sorted(keys, key=place)


def _words(cls: type[Any]) -> str:
    """Everything that a search looks through."""
    text = describe(cls)
    told = [cls.name, cls.label, cls.kind, cls.adds, cls.in_words, *cls.parents]
    told += [text.summary, text.reference, text.cost, text.memory]
    told += [part.text for part in text.parts if not part.is_math]
    told += [f"{variant.what} {variant.who}" for variant in cls.variants]
    for fields_of in (knobs(cls), switches(cls)):
        told += [f"{name} {name.replace('_', ' ')} {info.help}" for name, info in fields_of.items()]
    return " ".join(told).casefold()


def _query(look: Look) -> dict[str, list[str]]:
    query = {}
    for field in fields(look):
        value = getattr(look, field.name)
        if value != field.default:
            query[field.name] = list(value) if isinstance(value, tuple) else [value]
    return query


def _read(name: str, values: Sequence[str]) -> tuple[Any, list[str]]:
    """What a link says of a setting, nothing where it says nothing sound; and what was ignored."""
    known = {"rule": OPTIMIZERS, "kind": KINDS, "surface": SURFACES, "view": dict.fromkeys(VIEWS)}
    if name == "kind":
        said = list(dict.fromkeys(filter(None, values)))
        strange = [unknown(name, kind, KINDS) for kind in said if kind not in KINDS]
        return tuple(kind for kind in said if kind in KINDS), strange
    if name not in known and name != "find":
        return None, [f"{name}: not a setting of the gallery"]
    value, ignored = links.one(name, values)
    if name == "find":
        if len(value) > MAX_SEARCH:
            ignored.append(f"find: only the first {MAX_SEARCH} characters are read")
        return value[:MAX_SEARCH], ignored
    if value and value not in known[name]:
        return None, [*ignored, unknown(name, value, known[name])]
    return value, ignored
