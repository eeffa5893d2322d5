"""The gallery of rules: a list and one open entry, a family tree, or a table."""

from __future__ import annotations

import streamlit as st

from optviz.ui import frame
from optviz.ui.optimizers import cards, entry, look, table, tree
from optviz.ui.session import bound

_TITLES = {"rules": "Rules", "tree": "Family tree", "table": "Table"}

STYLE = """
<style>
  .st-key-gallery-cards { max-height: calc(100vh - 270px); overflow-y: auto; padding-right: 6px; }
  .st-key-gallery-cards button { justify-content: flex-start; text-align: left; min-height: 2rem; }
  .st-key-gallery-cards button > div { justify-content: flex-start; text-align: left; }
  .st-key-gallery-cards [data-testid="stCaptionContainer"] { margin-top: 0.5rem; }
  .st-key-gallery-equations .katex-display { overflow-x: auto; overflow-y: hidden; }
  .st-key-gallery-entry table { display: block; overflow-x: auto; }
  .st-key-gallery-entry td:last-child { min-width: 11rem; }
  .st-key-gallery-race { --optviz-height: 400px; }
  .st-key-gallery-find .stTextInput { max-width: 26rem; }
  @media (max-width: 640px) {
    .st-key-gallery-cards { max-height: 13.5rem; }
  }
</style>
"""


def page() -> None:
    """Draw the page."""
    st.html(STYLE)
    here = look.current()
    frame.problems(look.SESSION.problems)
    bound(
        st.segmented_control,
        "View",
        options=look.VIEWS,
        format_func=_TITLES.get,
        value=here.view,
        key="gallery.view",
        apply=lambda view: look.change(view=view or here.view),
        label_visibility="collapsed",
    )
    keys = look.found(here)
    if here.view == "rules":
        left, right = st.columns([1, 3], gap="medium")
        with left:
            cards.find()
            if keys:
                cards.cards(keys)
            else:
                cards.nothing()
        with right, st.container(key="gallery-entry"):
            entry.entry(here.rule)
    else:
        with st.container(horizontal=True, vertical_alignment="center", key="gallery-find"):
            cards.find()
        if not keys:
            cards.nothing()
        if here.view == "tree":
            tree.tree(keys)
        elif keys:
            table.table(keys)
    look.SESSION.write_link()
