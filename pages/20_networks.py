"""The same rules train small networks, live."""

import streamlit as st

from optviz.ui import frame, train_controls, train_process, train_session, train_stage

frame.begin(__file__, __doc__)
with frame.part():
    train_session.open_link()
    train_process.open_link()

stage, panel = st.columns([3.4, 1], gap="medium")
with panel, st.container(key="controls"), frame.part():
    train_controls.panel()
with stage, frame.part():
    train_stage.stage()
