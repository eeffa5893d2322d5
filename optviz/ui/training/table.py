"""The table of a training's runs, and what it took them to reach an accuracy."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from optviz.analysis.training.tables import summary
from optviz.engine.training.events import TrainResult
from optviz.specs.text import brief

GOAL = "train.goal"  # the accuracy to be reached, in percent
FIRST_GOAL = 50


def results(result: TrainResult) -> None:
    """A row for each thing that was trained, its seeds put together."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("**Results**", width="content")
        st.space("stretch")
        goal = goal_input()
    show(summary(result, goal))


def goal_input() -> float:
    """Asks for an accuracy; in [0, 1]."""
    st.markdown(":gray[Accuracy to reach, %]", width="content")
    percent = st.number_input(
        "Accuracy to reach, in percent",
        min_value=1.0,
        max_value=100.0,
        value=float(st.session_state.get(GOAL, FIRST_GOAL)),
        step=5.0,
        format="%.4g",
        key=GOAL,
        label_visibility="collapsed",
        width=130,
    )
    return float(percent or FIRST_GOAL) / 100


def show(table: pd.DataFrame) -> None:
    """A table of `summary` or `compare` for people."""
    st.dataframe(for_people(table), hide_index=True, height="content", column_config=_columns())


def for_people(table: pd.DataFrame) -> pd.DataFrame:
    """What matters most in front, as text: with its spread where there are several seeds."""
    several = "seeds" in table and bool((table["seeds"] > 1).any())
    untested = "training loss" in table and bool((table["training loss"].isna()).all())
    hidden = ("training accuracy", "training loss") if untested else _MEANS
    if untested and bool(table[_MEANS[1]].isna().all()):  # nothing is known yet
        hidden = _MEANS
    names = [
        str(name)
        for name in table
        if (several or name not in ("seeds", "reached")) and name not in hidden
    ]
    to_goal = [n for n in names if n.startswith(("epochs to", "seconds of training to"))]
    return pd.DataFrame(
        {
            _SHOWN_AS.get(name, name): [_cell(table, row, name) for row in range(len(table))]
            for name in (*_FIRST, *to_goal, *_LAST)
            if name in names
        }
    )


# The other columns are in the files: too much for a screen.
_MEANS = ("mean accuracy of the epoch", "mean loss of the epoch")
_FIRST = (
    *("training", "label", "seeds", "epochs", "validation accuracy", "validation loss"),
    *("training accuracy", "training loss", *_MEANS, "best epoch", "reached"),
)
_LAST = ("milliseconds a step", "outcome")
_SHOWN_AS = {"label": "trained"}


def _cell(table: pd.DataFrame, row: int, column: str) -> str:
    value = table[column].iloc[row]
    if isinstance(value, str):
        return value
    if pd.isna(value):
        return "–"
    if f"{column}, least" in table:
        ends = [table[f"{column}, {end}"].iloc[row] for end in ("least", "greatest")]
        if ends[0] != ends[1]:
            text, low, high = (_text(column, v) for v in (value, *ends))
            return f"{text}  ({low} to {high})"
    return _text(column, value)


def _text(column: str, value: float) -> str:
    if "accuracy" in column:
        return f"{100 * value:.1f} %"
    if "loss" in column or column.startswith(("seconds", "milliseconds")):
        return brief(value)
    return f"{value:,.0f}"


def _columns() -> dict[str, Any]:
    words = {
        "training": "Its name on this page.",
        "validation accuracy": "After the last whole epoch; over several seeds their median.",
        "training accuracy": "By the same weights in test mode, as validation's; of a sample of "
        "the training images.",
        _MEANS[0]: "Over the last whole epoch's batches, while the weights were changing; what the "
        "weights at its end make of the training images was not tested.",
        "best epoch": "At whose end validation was most accurate.",
        "reached": "How many seeds reached the accuracy.",
    }
    return {name: st.column_config.TextColumn(help=text) for name, text in words.items()}
