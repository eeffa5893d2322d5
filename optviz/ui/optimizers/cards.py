"""The gallery's left side: search, families, and a card for every rule."""

from __future__ import annotations

import streamlit as st

from optviz.catalog.description import describe
from optviz.figures.theme import style_of
from optviz.optimizers import OPTIMIZERS
from optviz.optimizers.base import KINDS
from optviz.ui.optimizers import look
from optviz.ui.session import bound
from optviz.ui.words import plain


def find() -> None:
    """The search field and the families."""
    here = look.current()
    bound(
        st.text_input,
        "Search",
        value=here.find,
        key="gallery.find",
        apply=lambda text: look.change(find=(text or "").strip()[: look.MAX_SEARCH]),
        type="search",
        placeholder="Search names, words, knobs, papers …",
        icon=":material/search:",
        label_visibility="collapsed",
        live="250ms",
    )
    used = {cls.kind for cls in OPTIMIZERS.values()}
    bound(
        st.pills,
        "Families",
        options=[kind for kind in KINDS if kind in used],
        selection_mode="multi",
        value=[kind for kind in here.kind if kind in used],
        key="gallery.kind",
        apply=lambda kinds: look.change(kind=tuple(kinds or ())),
        label_visibility="collapsed",
        wrap=True,
    )


def cards(keys: list[str]) -> None:
    """A card for every rule, family by family; a click opens it."""
    here = look.current().rule
    stripes = []
    with st.container(key="gallery-cards", gap="xxsmall"):
        kind = None
        for key in keys:
            cls, style = OPTIMIZERS[key], style_of(key)
            if cls.kind != kind:
                kind = cls.kind
                st.caption(f"**{kind.capitalize()}**: {KINDS.get(kind, '')}")
            name = f"gallery-card-{key}"
            stripes.append(
                f".st-key-{name} button {{ border-left: 5px solid "
                f"light-dark({style.color}, {style.dark_color}); }}"
            )
            more = " · ".join(filter(None, (str(describe(cls).year or ""), cls.adds)))
            with st.container(key=name):
                st.button(
                    f"**{plain(cls.label)}** :gray[:small[{plain(more)}]]",
                    key=f"gallery.open.{key}",
                    on_click=look.change,
                    kwargs={"rule": key},
                    width="stretch",
                )
    stripes.append(
        f".st-key-gallery-card-{here} button {{ font-weight: 600; "
        "background: color-mix(in srgb, currentColor 11%, transparent); }"
    )
    st.html(f"<style>{' '.join(stripes)}</style>")


def nothing() -> None:
    """What is shown where the search finds no rule."""
    here = look.current()
    says = f" says “{here.find}”" if here.find else ""
    among = f" among {', '.join(here.kind)}" if here.kind else ""
    st.info(plain(f"No rule{says}{among}."))
    st.button("Show all rules", on_click=look.change, kwargs={"find": "", "kind": ()})
