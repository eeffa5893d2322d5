"""Trainings side by side: which settings differ, how they ended, and their curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd
import streamlit as st

from optviz.analysis.training.tables import compare as side_by_side
from optviz.catalog import Entry, defaults
from optviz.engine.training.events import TrainResult
from optviz.figures.training import training_curves
from optviz.runs import jobs
from optviz.runs.jobs import Status
from optviz.specs import Run
from optviz.specs.experiment import TrainSpec
from optviz.specs.labels import unique
from optviz.specs.text import value_text
from optviz.ui import frame, links
from optviz.ui.parts.controls import human
from optviz.ui.training.fields import FIELDS
from optviz.ui.training.pictures import chart
from optviz.ui.training.status import LOOKS
from optviz.ui.training.table import goal_input, show
from optviz.ui.training.watch import best_accuracy, duration
from optviz.ui.trainings.state import COMPARE


def compare(ids: Sequence[str]) -> None:
    """Draw the comparison of trainings that the link names."""
    st.button("All trainings", icon=":material/arrow_back:", on_click=_back)
    statuses: list[Status] = []
    results: list[TrainResult] = []
    problems = []
    for job_id in dict.fromkeys(ids):
        try:
            status, result = jobs.status(job_id), jobs.result(job_id)
        except (ValueError, OSError) as error:
            problems += links.ignored([error])
        else:
            statuses.append(status)
            results.append(result)
    frame.problems(problems)
    if not results:
        return
    named = dict(zip(unique([status.name for status in statuses]), results, strict=True))
    st.markdown("**What differs**")
    st.dataframe(differences(named, statuses), height="content")
    dark = st.context.theme.type == "dark"
    chart(training_curves(named, dark=dark), "trainings.curves")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("**Results**", width="content")
        st.space("stretch")
        goal = goal_input()
    show(side_by_side(named, goal))


def differences(named: Mapping[str, TrainResult], statuses: Sequence[Status]) -> pd.DataFrame:
    """A row for every setting that is not the same in all, and for what came of it."""
    said = [_said(result.spec) for result in named.values()]
    rows = {name: [record[name] for record in said] for name in said[0]}
    rows = {name: values for name, values in rows.items() if len(set(values)) > 1}
    rows["State"] = [LOOKS[status.state].word for status in statuses]
    rows["Runs"] = [str(len(result.runs)) for result in named.values()]
    rows["Best accuracy"] = [_percent(best_accuracy(result)) for result in named.values()]
    rows["Time of training"] = [
        duration(sum(run.clocks[-1][1] for run in result.runs if run.clocks))
        for result in named.values()
    ]
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(named))


def _said(spec: TrainSpec) -> dict[str, str]:
    """Every setting for people, by its name for people."""
    words = {
        "Data": spec.directory or _entry(spec.dataset),
        "Network": _entry(spec.network),
        "Rules": ", ".join(map(_run, spec.runs)),
        "Schedule": _entry(spec.schedule) if spec.schedule else "none",
        "Varied": ", ".join(map(human, spec.vary)).replace("=", " ") or "nothing",
        "Combined": value_text(spec.grid),
        "First seed": str(spec.seed),
        "Seeds": str(spec.seeds),
    }
    return words | {field.label: field.say(getattr(spec, n)) for n, field in FIELDS.items()}


def _entry(item: Entry) -> str:
    """`ResNet (depth 14)`: what is not at its default."""
    if len(item.parts) > 1:
        return " × ".join(map(_entry, item.parts))
    base = defaults(type(item))
    given = [name for name in base if getattr(item, name) != base[name]]
    return _with(type(item).label, item, given)


def _run(run: Run) -> str:
    return _with(run.label or run.optimizer.label, run.optimizer, run.given)


def _with(label: str, item: Entry, names: Iterable[str]) -> str:
    told = [f"{human(name)} {value_text(getattr(item, name))}" for name in names]
    return f"{label} ({', '.join(told)})" if told else label


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _back() -> None:
    st.query_params.pop(COMPARE, None)  # the list is searched as it was
