"""The address bar: what a page's link says, and that every page keeps its own.

A link is written when something on the page was changed, never because the page opened: the visit
would have two entries in the browser's history, and one that is written late would end up behind
the address of the page that was opened meanwhile. Instead every link of the menu carries what its
page said last, so that the address is whole from the first moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

Query = Mapping[str, Sequence[str]]

_PAGE, _LAST = "links.page", "links.last"


def enter(page: str) -> None:
    """A page begins; what its address says is what it says, until it is changed."""
    st.session_state[_PAGE] = page
    _remember(read())


def read() -> dict[str, list[str]]:
    """What the address says."""
    return {name: st.query_params.get_all(name) for name in st.query_params}


def put(query: Query) -> None:
    """Make the address say this; a new entry in the browser's history where it said otherwise."""
    if query != read():
        st.query_params.from_dict(query)
    _remember(query)


def is_told(key: str, item: object, query: Query) -> None:
    """Remember that this link says this item, in whatever words."""
    st.session_state[f"{key}.told"] = (item, query)


def told(key: str, item: object) -> Query | None:
    """The link that says this item already; None: it was changed since."""
    known, query = st.session_state.get(f"{key}.told", (None, {}))
    return query if known is item else None


def last(page: str) -> Query | None:
    """What a page's address said when it was left; None: of the page that is open, and of others.

    The menu is not drawn again when the open page changes its link, which it would take back.
    """
    return None if page == st.session_state.get(_PAGE) else _links().get(page) or None


def is_return() -> bool:
    """Whether this run was asked for by the browser's Back or Forward."""
    return bool(getattr(get_script_run_ctx(), "is_history_navigation", False))


def _remember(query: Query) -> None:
    if page := st.session_state.get(_PAGE):
        _links()[page] = {name: list(values) for name, values in query.items()}


def _links() -> dict[str, Query]:
    return st.session_state.setdefault(_LAST, {})
