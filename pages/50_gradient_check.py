"""Is the gradient right? Finite differences over a range of steps, beside the exact gradient."""

import streamlit as st

from optviz.ui import check_look, check_page, frame

frame.begin(__file__, __doc__)
with frame.part():
    check_look.open_link()
st.fragment(frame.part()(check_page.page))()
