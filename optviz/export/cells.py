"""Text in the cells of a CSV file, which spreadsheets would read as formulas."""

from __future__ import annotations

import pandas as pd

# What a formula begins with; the last four are the wide forms, which some spreadsheets read too.
_BEGINNINGS = tuple("=+-@\t\r＝＋－＠")


def cell(text: str) -> str:
    """The text as a cell shows it: with a quote in front where it would be a formula."""
    return f"'{text}" if text.startswith(_BEGINNINGS) else text


def as_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with every text fit for a cell; numbers stay as they are."""
    told = frame.copy(deep=False)
    for name in told:
        column = told[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            told[name] = column.cat.rename_categories(lambda value: cell(str(value)))
        elif not pd.api.types.is_numeric_dtype(column):
            told[name] = column.map(lambda value: cell(value) if isinstance(value, str) else value)
    return told
