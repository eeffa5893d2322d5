"""Numbers in a table of a page, whatever their size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

EXACT = 2.0**53  # from here on the browser's table refuses numbers


def number_column(table: pd.DataFrame, name: str, format: str, help: str | None = None) -> Any:
    """How a column of numbers is shown; one that the browser has no numbers for becomes text.

    Args:
        table: its column is replaced where it becomes text.
        name: of the column.
        format: as `%.3e`.
        help: what its heading says.
    """
    values = table[name].to_numpy(float)
    if not np.any(np.abs(values) >= EXACT):
        return st.column_config.NumberColumn(format=format, help=help)
    table[name] = [None if np.isnan(value) else format % value for value in values]
    return st.column_config.TextColumn(alignment="right", help=help)
