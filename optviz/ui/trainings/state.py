"""What the page of trainings remembers: which are chosen, what can be undone, what was refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import streamlit as st

from optviz.runs import shelf
from optviz.ui.training.status import refusals

SEARCH, COMPARE = "search", "compare"  # parameters of the link
_UNDO, _LINES, _CHOSEN = "trainings.undo", "trainings.lines", "trainings.chosen"


def act(*steps: Callable[[], object]) -> None:
    """Do something, or say why not; the last deletion can then no longer be undone."""
    st.session_state.pop(_UNDO, None)
    st.session_state[_LINES] = [line for step in steps for line in refusals(step)]


def lines() -> list[str]:
    """Why the last action was refused."""
    return st.session_state.get(_LINES, [])


def say(*told: str) -> None:
    """Tell these lines instead."""
    st.session_state[_LINES] = list(told)


def delete(ids: Iterable[str]) -> None:
    """Take trainings off the list, and offer to undo it."""
    act()
    gone = []
    for job_id in ids:
        refused = refusals(lambda job_id=job_id: shelf.delete(job_id))
        st.session_state[_LINES] += refused
        if not refused:
            gone.append(job_id)
            choose(job_id, False)
    if gone:
        st.session_state[_UNDO] = gone


def undoable() -> list[str]:
    """What was deleted last, and by nothing else followed."""
    return st.session_state.get(_UNDO, [])


def undo() -> None:
    """Bring back what was deleted last."""
    gone = undoable()
    act(*(lambda job_id=job_id: shelf.restore(job_id) for job_id in gone))


def chosen() -> list[str]:
    """The ids that are ticked, in the order in which they were."""
    return st.session_state.setdefault(_CHOSEN, [])


def choose(job_id: str, ticked: bool) -> None:
    others = [other for other in chosen() if other != job_id]
    st.session_state[_CHOSEN] = [*others, job_id] if ticked else others


def choose_none() -> None:
    st.session_state[_CHOSEN] = []
