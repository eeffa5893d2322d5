"""Trainings that were deleted: they can be brought back while they are kept."""

from __future__ import annotations

import streamlit as st

from optviz.runs import jobs, shelf
from optviz.specs.text import counted
from optviz.ui.trainings import state
from optviz.ui.words import plain

SHOWN = 20  # the newest
ASKED = "trainings.purge.asked"  # whether to remove them for good


def deleted() -> None:
    """Draw the popover."""
    popover = st.popover(
        "Deleted", icon=":material/delete_history:", key="trainings.deleted", on_change="rerun"
    )
    if not popover.open:
        return
    with popover:
        gone = jobs.list_jobs(deleted=True)
        days = f"{shelf.KEEP_DAYS:.0f} days"
        if not gone:
            st.caption(f"Nothing has been deleted in the last {days}.")
            return
        more = f"; these are the newest {SHOWN} of {len(gone)}" if len(gone) > SHOWN else ""
        st.caption(f"Kept for {days} after they were deleted{more}.")
        _for_good(len(gone))
        for status in gone[:SHOWN]:
            st.button(
                f"Restore {plain(status.name)}",
                icon=":material/restore_from_trash:",
                key=f"trainings.restore.{status.id}",
                on_click=state.act,
                args=(lambda job_id=status.id: shelf.restore(job_id),),
                width="stretch",
            )


def _for_good(count: int) -> None:
    """Remove them all, which is asked twice."""
    what = counted(count, "training")
    if not st.session_state.get(ASKED):
        st.button(
            "Remove for good",
            icon=":material/delete_forever:",
            key="trainings.purge",
            on_click=st.session_state.update,
            args=({ASKED: True},),
            width="stretch",
            help="Frees the space of everything that was deleted.",
        )
        return
    _, size = shelf.purgeable(days=None)
    st.warning(f"{what} with curves and checkpoints ({size / 1e6:.1f} MB). This cannot be undone.")
    with st.container(horizontal=True, gap="small"):
        st.button(
            f"Remove {what} for good",
            key="trainings.purge.yes",
            type="primary",
            on_click=_remove,
        )
        st.button("Keep", key="trainings.purge.no", on_click=_forget)


def _remove() -> None:
    _forget()
    state.act(lambda: shelf.purge(days=None, compact=True))


def _forget() -> None:
    st.session_state.pop(ASKED, None)
