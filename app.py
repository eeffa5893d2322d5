"""Race optimizers down a surface: same start, same noise, each at its own best learning rate.

Drag the start on the map, press space to play, and change anything on the right.
"""

import streamlit as st

from optviz.ui import frame, race_controls, race_stage, state

frame.begin(__file__, __doc__)
state.open_session()


@st.fragment
def page() -> None:
    """One fragment, so that a change redraws no more than the race."""
    stage, panel = st.columns([3.4, 1], gap="medium")
    with panel, st.container(key="controls"):
        race_controls.panel()
    with stage:
        race_stage.stage()


page()
