"""Schedules side by side: the same rule, start and noise under every one."""

import streamlit as st

from optviz.ui import frame
from optviz.ui.schedules import panel, stage

frame.begin(__file__, __doc__)
with frame.part():
    panel.SESSION.open()


@st.fragment
def page() -> None:
    """One fragment, so that a change redraws no more than the comparison."""
    left, right = st.columns([3.4, 1], gap="medium")
    controls = right.container(key="controls")
    with controls, frame.part():
        panel.settle()
    # What a hand waits for is sent first: the controls, most of a page's time, already show it.
    with left, frame.part():
        stage.stage()
    with controls, frame.part():
        panel.panel()


page()
