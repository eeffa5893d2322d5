"""Is the gradient right? Finite differences over a range of steps, beside the exact gradient."""

import streamlit as st

from optviz.ui import frame
from optviz.ui.gradient_check import look, page

frame.begin(__file__, __doc__)
with frame.part():
    look.SESSION.open()
st.fragment(frame.part()(page.page))()
