"""Every training of this computer: watch, stop, resume, compare, take away."""

import streamlit as st

from optviz.ui import frame
from optviz.ui.trainings import page

frame.begin(__file__, __doc__)
st.fragment(frame.part()(page.page), run_every=page.pace())()
