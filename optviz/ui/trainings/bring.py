"""Trainings from another computer's store: named by a path here, or sent through the browser."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import streamlit as st

from optviz.runs import shelf
from optviz.ui.trainings import state

OPEN = "trainings.import"  # whether the popover is
NAMED = 10  # of what was not imported
PATH, FILE = f"{OPEN}.path", f"{OPEN}.file"


def bring() -> None:
    """Draw the popover."""
    popover = st.popover("Import", icon=":material/move_to_inbox:", key=OPEN, on_change="rerun")
    if not popover.open:
        return
    with popover:
        st.caption("Takes over the trainings of another store. What is here already stays.")
        with st.form("trainings.import.form", border=False):
            st.text_input(
                "Folder or file on the computer that runs optviz",
                placeholder="/media/usb/optviz",
                key=PATH,
            )
            st.file_uploader(
                "or a store from this computer", type=["sqlite", "sqlite3", "db"], key=FILE
            )
            st.form_submit_button("Import", type="primary", width="stretch", on_click=_take)


def _take() -> None:
    """Import what the form names, and close it: what came of it stands on the page."""
    state.act()
    state.say(*found_in(st.session_state[PATH], st.session_state[FILE]))
    st.session_state[OPEN] = False


def found_in(path: str, file: Any) -> list[str]:
    """Import a file that was sent, or else what the path names; what came of it, in lines."""
    try:
        if file is not None:
            with TemporaryDirectory() as folder:
                copy = Path(folder) / "store.sqlite"
                copy.write_bytes(file.getbuffer())
                found = shelf.import_from(copy)
        elif path.strip():
            found = shelf.import_from(path.strip())
        else:
            return ["name a folder or a file to import from"]
    except (ValueError, OSError) as error:
        return [str(error)]
    lines = [f"{len(found.new)} imported, {len(found.present)} here already."]
    lines += [f"{job_id} was not imported: {why}" for job_id, why in found.refused[:NAMED]]
    if len(found.refused) > NAMED:
        more = len(found.refused) - NAMED
        lines.append(f"{more} more were not imported; `optviz runs import` names them all.")
    return lines
