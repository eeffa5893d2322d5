"""Rules race from the same start under the same noise. Drag the start; space plays."""

import streamlit as st

from optviz.ui import frame, race_controls, race_stage

frame.begin(__file__, __doc__)
with frame.part():
    race_controls.SESSION.open()


@st.fragment
def page() -> None:
    """One fragment, so that a change redraws no more than the race."""
    stage, panel = st.columns([3.4, 1], gap="medium")
    with panel, st.container(key="controls"), frame.part():
        race_controls.panel()
    with stage, frame.part():
        race_stage.stage()


page()
