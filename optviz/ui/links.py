"""The address bar: what a page's link says, and that every page keeps its own.

A link is written when something on the page was changed, never because the page opened: the visit
would have two entries in the browser's history, and one that is written late would end up behind
the address of the page that was opened meanwhile. Instead every link of the menu carries what its
page said last, so that the address is whole from the first moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from optviz.specs.link import surplus

Query = Mapping[str, Sequence[str]]

_PAGE, _LAST = "links.page", "links.last"


def enter(page: str) -> None:
    """A page begins; what its address says is what it says, until it is changed."""
    st.session_state[_PAGE] = page
    _remember(read())


def read() -> dict[str, list[str]]:
    """What the address says."""
    return {name: st.query_params.get_all(name) for name in st.query_params}


def one(name: str, values: Sequence[str]) -> tuple[str, list[str]]:
    """What a link says of something that can be said once, and a line where it says it again."""
    said = [value for value in values if value]
    again = [surplus(name, 1, len(said))] if len(said) > 1 else []
    return (said[0] if said else ""), again


def ignored(why: Iterable[object]) -> list[str]:
    """What of a link was ignored, as pages say it; one line each."""
    return [f"Ignored in the link: {reason}" for reason in why]


def is_news(key: str, query: Query) -> bool:
    """Whether a page is asked for something else than its link said last.

    A page without a link goes on with what it showed, unless Back leads to how it opened.
    """
    _, last = _told(key)
    return query != last and bool(query or _is_return())


def is_told(key: str, item: object, query: Query) -> None:
    """Remember that this link says this item, in whatever words."""
    st.session_state[f"{key}.told"] = (item, query)


def write(key: str, item: object, say: Callable[[], Query], more: Query | None = None) -> None:
    """Make the address say an item: as it came, or in new words once it was changed.

    Where it said something else, that is a new entry in the browser's history.

    Args:
        key: of the page.
        item: what the page shows.
        say: the item as a link.
        more: parameters beside those of the item.
    """
    known, said = _told(key)
    query = say() if said is None or known is not item else said
    whole = {**query, **(more or {})}
    if whole != read():
        st.query_params.from_dict(whole)
    _remember(whole)
    is_told(key, item, query)


def keep() -> None:
    """Remember what the address says by now, of a page that writes it itself."""
    _remember(read())


def last(page: str) -> Query | None:
    """What a page's address said when it was left; None: of the page that is open, and of others.

    The menu is not drawn again when the open page changes its link, which it would take back.
    """
    return None if page == st.session_state.get(_PAGE) else _links().get(page) or None


def _is_return() -> bool:
    """Whether this run was asked for by the browser's Back or Forward."""
    return bool(getattr(get_script_run_ctx(), "is_history_navigation", False))


def _told(key: str) -> tuple[object, Query | None]:
    """What the page's link said last, and the link; (None, None): nothing yet."""
    return st.session_state.get(f"{key}.told", (None, None))


def _remember(query: Query) -> None:
    if page := st.session_state.get(_PAGE):
        _links()[page] = {name: list(values) for name, values in query.items()}


def _links() -> dict[str, Query]:
    return st.session_state.setdefault(_LAST, {})
