"""Files of the trainings that are ticked."""

from __future__ import annotations

import json
from collections.abc import Sequence

import streamlit as st

from optviz.runs import jobs


def export(ids: Sequence[str]) -> None:
    """Draw the popover; a file is made when it is asked for."""
    popover = st.popover(
        "Export",
        icon=":material/download:",
        disabled=not ids,
        key="trainings.export",
        on_change="rerun",
    )
    if not popover.open or not ids:
        return
    with popover:
        st.download_button(
            "Results by epoch (JSON)",
            data=lambda: json.dumps(
                {job_id: jobs.result(job_id).to_json() for job_id in ids}, allow_nan=False
            ),
            file_name="trainings.json",
            on_click="ignore",
            key="trainings.export.json",
            width="stretch",
        )
