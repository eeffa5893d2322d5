"""What every page has in common: settings, menu, look, and a process made ready once."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from optviz.ui import heap, links
from optviz.ui.faults import line_of
from optviz.ui.plugin import PLUGIN_VARIABLE, load_plugin
from optviz.ui.words import plain

MOST_LINES = 12  # of what was refused or ignored

ICON = Path(__file__).with_name("icon.png")  # a local file: named icons come from another host

STYLE = """
<style>
  .stAppHeader { background: transparent; }
  /* It lies over the menu, all of its width: only its buttons take clicks. */
  .stAppHeader, .stAppHeader * { pointer-events: none; }
  .stAppHeader button, .stAppHeader button *, .stAppHeader a { pointer-events: auto; }
  .stMainBlockContainer { padding: 0.7rem 1.6rem 2rem; max-width: 2600px; }
  .st-key-frame { padding-right: 3rem; }
  .st-key-frame [data-testid="stMarkdownContainer"],
  .st-key-frame [data-testid="stCaptionContainer"] { margin: 0; }
  .st-key-frame p { margin: 0; }
  .st-key-frame .stImage img { border-radius: 7px; }
  .st-key-controls [data-testid="stVerticalBlock"] { gap: 0.45rem; }
  .st-key-controls button { min-height: 2.15rem; padding: 0.1rem 0.7rem; }
  .st-key-controls [data-testid="stPopoverButton"],
  .st-key-controls [data-testid="stPopoverButton"] > div {
    justify-content: space-between; width: 100%;
  }
  @media (max-width: 640px) {
    .stMainBlockContainer { padding: 0.7rem 0.7rem 2rem; }
  }
</style>
"""


def begin(file: str, doc: str | None) -> None:
    """Start a page: call it first.

    Args:
        file: the page's `__file__`; its name is the title.
        doc: the page's docstring; it is the caption.
    """
    title = page_title(Path(file))
    st.set_page_config(
        page_title=f"{title} · optviz",
        page_icon=str(ICON),
        layout="wide",
        initial_sidebar_state="collapsed",
        menu_items={"About": "**optviz** shows how optimizers behave. MIT licence."},
    )
    with part():
        _prepare()
        heap.settle()
    links.enter(_name(Path(file)))
    st.html(STYLE)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="frame"):
        st.image(str(ICON), width=34)
        st.markdown("**optviz**", width="content")
        for page in pages():
            st.page_link(page, label=page_title(Path(page)), query_params=links.last(page))
        st.caption(" ".join((doc or "").split()), width="content")


def pages() -> list[str]:
    """The entry script and the pages beside it; [] where a page runs by itself."""
    context = get_script_run_ctx()
    if context is None or not context.main_script_path:
        return []
    entry = Path(context.main_script_path)
    folder = entry.parent / "pages"
    if entry.name != "app.py" or not folder.is_dir():
        return []
    return [entry.name, *(f"pages/{page.name}" for page in sorted(folder.glob("[0-9]*.py")))]


def _name(file: Path) -> str:
    """A page's file as `pages` names it."""
    return file.name if file.name == "app.py" else f"pages/{file.name}"


def page_title(file: Path) -> str:
    """`20_learning_rates.py` -> `Learning rates`; the entry script is the race."""
    if file.name == "app.py":
        return "Race"
    return re.sub(r"^\d+_", "", file.stem).replace("_", " ").capitalize()


def problems(lines: Sequence[str]) -> None:
    """Show what was refused or ignored, one clear line each; of very many the first ones."""
    more = len(lines) - MOST_LINES
    rest = [f"and {more:,} more"] if more > 0 else []
    for line in [*lines[:MOST_LINES], *rest]:
        st.warning(plain(line), icon=":material/info:")


@contextmanager
def part() -> Iterator[None]:
    """Draw a part of a page: the one place where its errors become lines.

    Every page draws its body in parts, fragments too: one that fails is one line, and the others
    stay. Also decorates a function.
    """
    try:
        yield
    # whatever fails costs its own part alone; what Streamlit ends and repeats scripts with is none
    except Exception as error:
        problems([line_of(error)])


@st.cache_resource(show_spinner=False)
def _prepare() -> None:
    """Once a process: plug-ins and the compile cache."""
    from optviz.engine.machine import compile_cache

    compile_cache.enable()
    if plugin := os.environ.get(PLUGIN_VARIABLE):
        load_plugin(Path(plugin))
