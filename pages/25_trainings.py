"""Every training of this computer: watch, stop, resume, compare, take away."""

import streamlit as st

from optviz.ui import frame, trainings_page

frame.begin(__file__, __doc__)
st.fragment(frame.part()(trainings_page.page), run_every=trainings_page.pace())()
