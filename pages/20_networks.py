"""The same rules train small networks, live."""

import streamlit as st

from optviz.ui import frame
from optviz.ui.networks import panel, process, session, stage

frame.begin(__file__, __doc__)
with frame.part():
    session.open_link()
    process.open_link()

left, right = st.columns([3.4, 1], gap="medium")
with right, st.container(key="controls"), frame.part():
    panel.panel()
with left, frame.part():
    stage.stage()
