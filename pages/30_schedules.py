"""Schedules side by side: the same rule, start and noise under every one."""

import streamlit as st

from optviz.ui import frame, schedule_controls, schedule_stage

frame.begin(__file__, __doc__)
with frame.part():
    schedule_controls.SESSION.open()


@st.fragment
def page() -> None:
    """One fragment, so that a change redraws no more than the comparison."""
    stage, panel = st.columns([3.4, 1], gap="medium")
    with panel, st.container(key="controls"), frame.part():
        schedule_controls.panel()
    with stage, frame.part():
        schedule_stage.stage()


page()
