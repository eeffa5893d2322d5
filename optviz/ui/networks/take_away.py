"""Ways to take a training away: link, command, files; nothing is made before it is asked for."""

from __future__ import annotations

import streamlit as st

from optviz.export.snippets import train_command_of
from optviz.runs import jobs
from optviz.ui.networks.session import SESSION
from optviz.ui.training.files import downloads


def take_away(job_id: str) -> None:
    """Draw the popovers."""
    with st.container(horizontal=True, gap="small"):
        share = st.popover("Share", icon=":material/link:", key="train.share", on_change="rerun")
        if share.open:
            with share:
                st.caption("This link opens exactly these settings.")
                st.code(SESSION.address(), language=None, wrap_lines=True)
        as_command = st.popover(
            "Copy as command", icon=":material/terminal:", key="train.command", on_change="rerun"
        )
        if as_command.open:
            with as_command:
                command = train_command_of(jobs.spec_of(job_id), **jobs.process_of(job_id))
                st.code(command, language="bash", wrap_lines=True)
        files = st.popover(
            "Download", icon=":material/download:", key="train.files", on_change="rerun"
        )
        if files.open:
            with files:
                downloads([job_id], "train.download")
