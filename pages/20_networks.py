"""The same rules train small networks: same weights to begin with, same batches, live."""

import streamlit as st

from optviz.ui import frame, train_controls, train_stage
from optviz.ui.train_session import SESSION

frame.begin(__file__, __doc__)
SESSION.open()

stage, panel = st.columns([3.4, 1], gap="medium")
with panel, st.container(key="controls"):
    train_controls.panel()
with stage:
    train_stage.stage()
