"""What a visitor of the gallery looks at: the link's parameters, kept while the session lasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from optviz.catalog import knobs, switches
from optviz.catalog.description import describe
from optviz.optimizers import OPTIMIZERS
from optviz.optimizers.base import KINDS
from optviz.specs.link import Spec
from optviz.specs.rules import key_of, one_of, some_of, text
from optviz.specs.setting import setting
from optviz.surfaces import SURFACES
from optviz.ui.session import Session

VIEWS = ("rules", "tree", "table")
MAX_SEARCH = 200  # characters


@dataclass(frozen=True)
class Look(Spec):
    """One visit.

    Attributes:
        rule: the rule that is open.
        find: what is searched for.
        kind: the families that are listed; (): all.
        view: one of VIEWS.
        surface: where the small race runs.
    """

    what: ClassVar[str] = "the gallery"

    rule: str = setting(key_of(OPTIMIZERS), "sgd")
    find: str = setting(text(MAX_SEARCH), "")
    kind: tuple[str, ...] = setting(some_of(KINDS, "kind"), ())
    view: str = setting(one_of(VIEWS), "rules")
    surface: str = setting(key_of(SURFACES), "ravine")

    @classmethod
    def from_query(  # pyright: ignore[reportIncompatibleMethodOverride]  # of `Self`, as there
        cls, query: Mapping[str, Sequence[str]], base: Self
    ) -> tuple[Self, list[str]]:
        find = list(query.get("find", ()))
        cut = [text[:MAX_SEARCH] for text in find]
        look, problems = super().from_query({**query, "find": cut} if find else query, base)
        if cut != find:
            problems.append(f"find: only the first {MAX_SEARCH} characters are read")
        return look, problems

    def with_said(self, said: Mapping[str, list[Any]]) -> Self:
        return super().with_said({name: [*dict.fromkeys(words)] for name, words in said.items()})


SESSION = Session("gallery", Look)


def current() -> Look:
    return SESSION.spec


def change(**values: Any) -> None:
    """Look at something else."""
    SESSION.change(lambda look: replace(look, **values))


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
    told = [cls.name, cls.label, cls.kind, cls.adds, text.in_words, *cls.parents]
    told += [text.summary, text.reference, text.cost, text.memory]
    told += [part.text for part in text.parts if not part.is_math]
    told += [f"{variant.what} {variant.who}" for variant in text.variants]
    for fields_of in (knobs(cls), switches(cls)):
        told += [f"{name} {name.replace('_', ' ')} {info.help}" for name, info in fields_of.items()]
    return " ".join(told).casefold()
