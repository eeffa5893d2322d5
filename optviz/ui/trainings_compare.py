"""Trainings side by side: which settings differ, how they ended, and their curves."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from optviz.engine.train_events import TrainResult
from optviz.runs import jobs
from optviz.runs.jobs import Status
from optviz.specs.text import value_text
from optviz.ui import frame
from optviz.ui.train_fields import FIELDS
from optviz.ui.train_status import LOOKS
from optviz.ui.train_watch import best_accuracy, duration


def compare(ids: Sequence[str]) -> None:
    """Draw the comparison of trainings that the link names."""
    st.button("All trainings", icon=":material/arrow_back:", on_click=_back)
    found: list[tuple[Status, TrainResult]] = []
    problems = []
    for job_id in dict.fromkeys(ids):
        try:
            found.append((jobs.status(job_id), jobs.result(job_id)))
        except ValueError as error:
            problems.append(f"Ignored in the link: {error}")
    frame.problems(problems)
    if not found:
        return
    st.subheader("What differs", anchor=False)
    st.dataframe(differences(found))


def differences(found: Sequence[tuple[Status, TrainResult]]) -> pd.DataFrame:
    """A row for every setting that is not the same in all, and for what came of it."""
    said = [result.spec.to_json() for _, result in found]
    rows: dict[str, list[str]] = {}
    for name in said[0]:
        values = [_text(name, record[name]) for record in said]
        if len(set(values)) > 1:
            label = FIELDS[name].label if name in FIELDS else name.capitalize()
            rows[label] = values
    rows["State"] = [LOOKS[status.state].word for status, _ in found]
    rows["Runs"] = [str(len(result.runs)) for _, result in found]
    rows["Best accuracy"] = [_percent(best_accuracy(result)) for _, result in found]
    rows["Seconds of training"] = [
        duration(sum(run.clocks[-1][1] for run in result.runs if run.clocks)) for _, result in found
    ]
    names = [status.name for status, _ in found]
    return pd.DataFrame.from_dict(rows, orient="index", columns=_distinct(names))


def _text(name: str, value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if name in FIELDS:
        return FIELDS[name].say(value)
    return "none" if value is None else value_text(value)


def _distinct(names: list[str]) -> list[str]:
    """The same names, numbered where two are equal: columns must differ."""
    return [
        f"{name} ({names[:k].count(name) + 1})" if names.count(name) > 1 else name
        for k, name in enumerate(names)
    ]


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _back() -> None:
    st.query_params.clear()
