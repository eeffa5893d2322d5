"""Every rule in one place: what it does, what it costs, where it comes from, and how it runs."""

import streamlit as st

from optviz.ui import frame
from optviz.ui.optimizers import look, page

frame.begin(__file__, __doc__)
with frame.part():
    look.SESSION.open()
st.fragment(frame.part()(page.page))()
