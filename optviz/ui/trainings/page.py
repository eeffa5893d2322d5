"""The page of all trainings: a list that one can act on, or a comparison of some of them."""

from __future__ import annotations

import streamlit as st

from optviz.runs import jobs
from optviz.runs.jobs import Status
from optviz.specs.text import counted
from optviz.ui import frame, links
from optviz.ui.session import bound
from optviz.ui.training.status import notice
from optviz.ui.trainings import state
from optviz.ui.trainings.bring import bring
from optviz.ui.trainings.compare import compare
from optviz.ui.trainings.deleted import deleted
from optviz.ui.trainings.export import export
from optviz.ui.trainings.row import row
from optviz.ui.trainings.state import COMPARE, SEARCH

SECONDS = 1.0  # between two looks while something goes on
SHOWN = 20  # rows at a time

STYLE = """
<style>
  .st-key-trainings-list [data-testid="stTextInputRootElement"] {
    border-color: transparent; background: transparent; min-height: 1.9rem; height: 1.9rem;
  }
  .st-key-trainings-list [data-testid="stTextInputRootElement"]:hover,
  .st-key-trainings-list [data-testid="stTextInputRootElement"]:focus-within {
    border-color: rgba(128, 128, 128, 0.5);
  }
  .st-key-trainings-list input { font-weight: 600; padding: 0 0.3rem; text-overflow: ellipsis; }
  .st-key-trainings-list [data-testid="stCaptionContainer"],
  .st-key-trainings-list [data-testid="stMarkdownContainer"] { margin: 0; }
  .st-key-trainings-list [data-testid="stCaptionContainer"] { padding-left: 0.35rem; }
  .st-key-trainings-list p { margin: 0; }
  .st-key-trainings-list button[kind="tertiary"] { min-height: 1.9rem; padding: 0 0.4rem; }
</style>
"""


def pace() -> float | None:
    """Seconds until the page looks again by itself; None: nothing goes on."""
    return SECONDS if _going(_all()) else None


def _all() -> list[Status] | None:
    """All trainings; None where the store cannot be read, which the notice explains."""
    try:
        return jobs.list_jobs()
    except (ValueError, OSError):
        return None


def _going(every: list[Status] | None) -> bool:
    return any(not status.ended for status in every or ())


def page() -> None:
    """Draw the page."""
    every = _all()
    going = _going(every)
    if st.session_state.setdefault("trainings.going", going) != going:
        st.session_state["trainings.going"] = going
        st.rerun()  # the whole script, so that the page looks again by itself, or no longer
    st.html(STYLE)
    ids = st.query_params.get_all(COMPARE)
    notice()
    links.keep()
    if ids:
        compare(ids)
        return
    if every is None:
        return
    if not every and not state.undoable():
        _nothing_yet()
        return
    found = _tools(every)
    _undo_bar()
    frame.problems(state.lines())
    _chosen_bar(found)
    _list(found)


def _tools(every: list[Status]) -> list[Status]:
    """Search, import and what was deleted; what was found."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        query = st.query_params.get(SEARCH, "")
        bound(
            st.text_input,
            "Search",
            value=query,
            key="trainings.search",
            apply=_search,
            placeholder="Search: name, rule, network, state …",
            label_visibility="collapsed",
            icon=":material/search:",
            width=420,
        )
        st.space("stretch")
        bring()
        deleted()
    return jobs.list_jobs(query) if query else every


def _search(text: str) -> None:
    """Say in the link what is searched for: Back undoes it."""
    if text:
        st.query_params[SEARCH] = text
    else:
        st.query_params.pop(SEARCH, None)


def _undo_bar() -> None:
    gone = state.undoable()
    if not gone:
        return
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key="trainings-undo"
    ):
        st.info(f"Deleted {counted(len(gone), 'training')}.", icon=":material/delete:", width=420)
        st.button("Undo", icon=":material/undo:", on_click=state.undo)


def _chosen_bar(found: list[Status]) -> None:
    """What can be done with the trainings that are ticked."""
    known = {status.id: status for status in found}
    ids = [job_id for job_id in state.chosen() if job_id in known]
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key="trainings-chosen"
    ):
        st.button(
            "Compare",
            icon=":material/compare_arrows:",
            type="primary" if len(ids) > 1 else "secondary",
            disabled=len(ids) < 2,
            on_click=_compare,
            args=(ids,),
            help="Tick two or more: what differs between them, and their curves.",
        )
        export(ids)
        st.button(
            "Delete",
            icon=":material/delete:",
            disabled=not ids or not all(known[job_id].ended for job_id in ids),
            on_click=state.delete,
            args=(ids,),
            help="Those that have ended; it can be undone.",
        )
        st.caption(f"{len(ids)} of {len(found)} ticked" if ids else counted(len(found), "training"))


def _list(found: list[Status]) -> None:
    if not found:
        st.info("No training is like that.", icon=":material/search_off:")
        return
    shown = st.session_state.get("trainings.shown", SHOWN)
    with st.container(key="trainings-list", gap="xsmall"):
        for status in found[:shown]:
            row(status)
    if len(found) > shown:
        st.button(
            f"Show {min(SHOWN, len(found) - shown)} more",
            on_click=lambda: st.session_state.update({"trainings.shown": shown + SHOWN}),
        )


def _nothing_yet() -> None:
    with st.container(horizontal_alignment="center", gap="small", key="trainings-empty"):
        st.space("large")
        st.markdown("### Nothing has been trained yet", width="content")
        st.markdown(
            "Every training that is started here is kept with its curves: to be watched, "
            "stopped, resumed, compared and taken away.",
            width="content",
        )
        if "pages/20_networks.py" in frame.pages():
            st.page_link(
                "pages/20_networks.py",
                label="Train a network",
                icon=":material/play_arrow:",
                width="content",
            )
        with st.container(horizontal=True, width="content", gap="small"):
            bring()
            deleted()
        frame.problems(state.lines())


def _compare(ids: list[str]) -> None:
    state.act()
    st.query_params[COMPARE] = ids
