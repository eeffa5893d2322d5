"""What an entry's docstring says between its first line and its reference: equations and prose."""

from __future__ import annotations

import streamlit as st

from optviz.catalog.description import Description, stacked


def equations(text: Description) -> None:
    """Draw every part; of an entry of the catalogue, whose Markdown is our own."""
    for part in text.parts:
        if part.is_math:
            st.latex(stacked(part.text))
        else:
            st.markdown(part.text)
