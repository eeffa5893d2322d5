"""One rule in full: equation, words, cost, knobs, variants, proofs, source."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import streamlit as st

from optviz.analysis.memory import LAYER, in_copies, state_per_param
from optviz.catalog import Knob, defaults, knobs, switches
from optviz.catalog.description import Description, describe
from optviz.export.comparison import proofs_of
from optviz.optimizers import OPTIMIZERS, Optimizer
from optviz.optimizers.base import KINDS
from optviz.specs.text import value_text
from optviz.ui.optimizers import look, race
from optviz.ui.parts.equations import equations
from optviz.ui.words import plain


def entry(key: str) -> None:
    """Draw everything that is known about a rule; all of it is read from its class."""
    cls = OPTIMIZERS[key]
    text = describe(cls)
    _heading(key, cls, text)
    left, right = st.columns([1.65, 1], gap="medium")
    with left:
        _equations(text)
    with right:
        _facts(cls, text)
    race.small_race(key)
    _hyperparameters(cls)
    _variants(cls, text)
    _proofs(key)
    _source(cls)


def _heading(key: str, cls: type[Optimizer], text: Description) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader(plain(cls.label), width="content", anchor=False)
        st.badge(cls.kind, color="blue", help=KINDS.get(cls.kind))
        if text.year:
            st.badge(str(text.year), color="gray")
        references = list(dict.fromkeys(p.get("reference", "") for p in proofs_of(key)))
        if references:
            many = f"{len(references)} references" if len(references) > 1 else references[0]
            st.badge(
                f"checked against {plain(many)}",
                icon=":material/verified:",
                color="green",
                help="Step by step, to the tolerances below.",
            )
        else:
            st.badge("not yet proven", icon=":material/pending:", color="gray")
    st.markdown(text.summary)


def _equations(text: Description) -> None:
    with st.container(border=True, key="gallery-equations"):
        equations(text)
        if not text.equations:
            st.caption("The docstring prints no equation.")


def _facts(cls: type[Optimizer], text: Description) -> None:
    if text.in_words:
        st.markdown(f"**In words.** {text.in_words}")
    counted = in_copies(state_per_param(cls))
    lines = [
        ("Cost per step", text.cost or "not stated"),
        ("Memory", text.memory or "not stated"),
        ("State, counted", f"{counted} (on a {LAYER[0]} × {LAYER[1]} layer)"),
        ("Key", f"`{cls.name}`"),
    ]
    lines += [("Limits", limits)] if (limits := _limits(cls)) else []
    if cls.adds:
        lines.insert(0, ("Adds", cls.adds))
    st.markdown("\n".join(f"- **{name}:** {value}" for name, value in lines))
    _paper(text)
    _relatives(cls)


def _limits(cls: type[Optimizer]) -> str:
    """What the class declares that it cannot do."""
    most = getattr(cls, "max_params", None)
    told = {
        f"at most {most:,} parameters" if most else "": most is not None,
        "does what it is for on matrices only": getattr(cls, "needs_matrices", False),
        "misled by noise and mini-batches": getattr(cls, "full_batch", False),
    }
    return "; ".join(text for text, holds in told.items() if holds)


def _paper(text: Description) -> None:
    if not text.reference:
        return
    names = f"**Paper:** {text.citation}"
    st.markdown(f"{names} {' '.join(f'[{_host(link)}]({link})' for link in text.links)}")


def _host(link: str) -> str:
    return link.split("/")[2].removeprefix("www.")


def _relatives(cls: type[Optimizer]) -> None:
    """Buttons to what it builds on and to what builds on it."""
    parents = [key for key in cls.parents if key in OPTIMIZERS]
    children = [key for key, other in OPTIMIZERS.items() if cls.name in other.parents]
    for title, keys in (("Builds on", parents), ("Built on by", children)):
        if not keys:
            continue
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
            st.markdown(f"**{title}**", width="content")
            for key in keys:
                st.button(
                    plain(OPTIMIZERS[key].label),
                    key=f"gallery.{title}.{key}",
                    on_click=look.change,
                    kwargs={"rule": key},
                )


def _hyperparameters(cls: type[Optimizer]) -> None:
    base = defaults(cls)
    rows = [
        (f"`{name}`", _number(base[name]), _domain(info), _range(info.typical), info.help)
        for name, info in knobs(cls).items()
    ]
    rows += [
        (
            f"`{name}`",
            value_text(base[name]),
            ", ".join(map(value_text, info.options)) or "–",
            "",
            info.help,
        )
        for name, info in switches(cls).items()
    ]
    if rows:
        st.markdown("##### Knobs")
        table(("name", "default", "allowed", "typical", "what it does"), rows)


def _domain(info: Knob) -> str:
    return info.describe().replace("inf", "∞") + (", whole" if info.integer else "")


def _range(typical: tuple[float, float]) -> str:
    return " … ".join(map(_number, typical))


def _variants(cls: type[Optimizer], text: Description) -> None:
    if not text.variants:
        return
    st.markdown("##### Variants and who uses which")
    table(
        ("form", "used by", "here"),
        [
            (what, who, f"`{cls.name}:{settings}`" if settings else "–")
            for what, who, settings in text.variants
        ],
    )


def _proofs(key: str) -> None:
    proofs = proofs_of(key)
    if not proofs:
        return
    st.markdown("##### Proofs")
    table(
        ("compared with", "on", "steps", "largest difference", "allowed", "convention"),
        [
            (
                p.get("reference", ""),
                p.get("what", ""),
                _number(p.get("steps")),
                _number(p.get("error")),
                _number(p.get("tolerance")),
                p.get("convention", ""),
            )
            for p in proofs
        ],
    )


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value or "")
    return f"{value:g}".replace("e-0", "e-").replace("e+0", "e")


def table(heading: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A Markdown table: its cells wrap, and it follows the theme."""
    lines = [heading, ["---"] * len(heading), *rows]
    cells = ([str(cell).replace("|", r"\|").replace("~", r"\~") for cell in line] for line in lines)
    st.markdown("\n".join(f"| {' | '.join(line)} |" for line in cells))


def _source(cls: type[Optimizer]) -> None:
    st.markdown("##### Source")
    rule, whole = st.tabs(["The rule", "The whole file"])
    rule.code("\n\n".join(_methods(cls)), language="python", wrap_lines=True)
    whole.code(_file(cls), language="python")


def _methods(cls: type[Optimizer]) -> Iterator[str]:
    """The source of the class's own functions, shifted to the left margin."""
    for value in vars(cls).values():
        function = inspect.unwrap(value) if callable(value) else value
        if inspect.isfunction(function) and function.__module__ == cls.__module__:
            try:
                yield inspect.cleandoc("\n" + inspect.getsource(function))
            except (OSError, TypeError):
                continue


def _file(cls: type[Optimizer]) -> str:
    try:
        return inspect.getsource(sys.modules[cls.__module__])
    except (KeyError, OSError, TypeError):
        return "# written by a plug-in that is not a file"
