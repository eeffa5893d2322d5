"""The family tree as a picture on the page, whose members open when they are clicked."""

from __future__ import annotations

from functools import cache
from typing import Any

import streamlit as st
from streamlit.components import v2 as components

from optviz.catalog.description import describe
from optviz.figures.family_tree import Member, family_tree
from optviz.figures.theme import DARK, LIGHT
from optviz.optimizers import OPTIMIZERS
from optviz.ui.optimizers import look

_KEY = "gallery.tree"

_HTML = '<div class="optviz-tree"></div>'
_CSS = """
.optviz-tree { color: var(--st-text-color); max-width: 1500px; }
.optviz-tree svg { font-family: var(--st-font); width: 100%; height: auto; display: block; }
.optviz-tree a { cursor: pointer; color: inherit; }
.optviz-tree a:hover tspan:first-child, .optviz-tree a:focus tspan:first-child {
  text-decoration: underline;
}
.optviz-tree .narrow { display: none; }
@media (max-width: 860px) {
  .optviz-tree .wide { display: none; }
  .optviz-tree .narrow { display: block; }
}
"""
# The picture is made by `family_tree`, which escapes every name in it.
_JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  const host = parentElement.querySelector(".optviz-tree");
  if (host.dataset.shown !== data) {
    host.innerHTML = data;
    host.dataset.shown = data;
  }
  host.onclick = (event) => {
    const link = event.target.closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    setTriggerValue("open", link.getAttribute("href").split("rule=")[1]);
  };
}
"""


@cache
def _component() -> Any:
    return components.component("optviz.family_tree", html=_HTML, css=_CSS, js=_JS)


def tree(keys: list[str]) -> None:
    """The tree, once for wide windows and once for phones; the rules in `keys` stand out."""
    family = members()
    bright = set(keys) if len(keys) < len(family) else None
    pictures = [
        f'<div class="{name}">'
        f"{family_tree(family, link='?rule={key}', bright=bright, narrow=name == 'narrow')}</div>"
        for name in ("wide", "narrow")
    ]
    st.caption(
        "Solid lines lead from what a rule mainly builds on, dotted ones from what else it takes; "
        "with the name is what it adds. A click opens the rule."
    )
    _component()(data="".join(pictures), key=_KEY, on_open_change=_opened)
    with st.container(horizontal=True, gap="small"):
        for theme, name in ((LIGHT, "light"), (DARK, "dark")):
            st.download_button(
                f"Picture, {name} (SVG)",
                data=family_tree(family, theme=theme),
                file_name=f"family-tree-{name}.svg",
                icon=":material/download:",
                key=f"gallery.tree.{name}",
                on_click="ignore",
            )


def _opened() -> None:
    key = st.session_state[_KEY].open
    if key in OPTIMIZERS:
        look.change(rule=key, view="rules")


def members() -> list[Member]:
    """Every rule as a member of the family."""
    return [
        Member(key, cls.label, describe(cls).year, cls.kind, cls.parents, cls.adds)
        for key, cls in OPTIMIZERS.items()
    ]
