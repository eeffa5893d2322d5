"""All rules side by side, to sort and to take away."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from optviz.export.comparison import comparison, to_csv, to_latex, to_markdown

_FORMS = {".csv": ("CSV", to_csv), ".md": ("Markdown", to_markdown), ".tex": ("LaTeX", to_latex)}


def table(keys: list[str]) -> None:
    """The table of the listed rules, and its downloads."""
    rows = comparison(keys)
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height="content",
        column_order=[name for name in rows[0] if name not in ("key", "reference")],
        column_config={
            "year": st.column_config.NumberColumn(format="%d"),
            "state, counted": st.column_config.TextColumn(
                help="Numbers kept from step to step for each parameter of a small layer."
            ),
            "proofs": st.column_config.NumberColumn(
                help="Other implementations that it was compared with, step by step."
            ),
            "link": st.column_config.LinkColumn("paper", display_text=r"https?://([^/]+)"),
        },
    )
    with st.container(horizontal=True, gap="small"):
        for suffix, (name, write) in _FORMS.items():
            st.download_button(
                name,
                data=write(rows),
                file_name=f"optimizers{suffix}",
                icon=":material/download:",
                key=f"gallery.download{suffix}",
                on_click="ignore",
            )
        st.caption(f"{len(rows)} rules, as listed.")
