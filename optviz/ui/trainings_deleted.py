"""Trainings that were deleted: they can be brought back while they are kept."""

from __future__ import annotations

import streamlit as st

from optviz.runs import jobs
from optviz.ui import trainings_state
from optviz.ui.words import plain

SHOWN = 20  # the newest


def deleted() -> None:
    """Draw the popover."""
    popover = st.popover(
        "Deleted", icon=":material/delete_history:", key="trainings.deleted", on_change="rerun"
    )
    if not popover.open:
        return
    with popover:
        gone = jobs.list_jobs(deleted=True)
        days = f"{jobs.KEEP_DAYS:.0f} days"
        if not gone:
            st.caption(f"Nothing has been deleted in the last {days}.")
            return
        more = f"; these are the newest {SHOWN} of {len(gone)}" if len(gone) > SHOWN else ""
        st.caption(f"Kept for {days} after they were deleted{more}.")
        for status in gone[:SHOWN]:
            st.button(
                f"Restore {plain(status.name)}",
                icon=":material/restore_from_trash:",
                key=f"trainings.restore.{status.id}",
                on_click=trainings_state.act,
                args=(lambda job_id=status.id: jobs.restore(job_id),),
                width="stretch",
            )
