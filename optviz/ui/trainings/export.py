"""Files of the trainings that are ticked."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from optviz.ui.training.files import downloads


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
        downloads(ids, "trainings.download")
