"""The schedules page's stage: the player, a table, and every schedule as code."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from optviz.api import Race
from optviz.export.schedule_code import optax_code, torch_code
from optviz.export.snippets import command_of, python_of
from optviz.export.tables import overview_frame
from optviz.schedules.constant import Constant
from optviz.specs import RaceSpec, entry_text
from optviz.ui import frame
from optviz.ui.parts import player, start
from optviz.ui.parts.controls import human, number
from optviz.ui.parts.tables import number_column
from optviz.ui.schedules.panel import SESSION
from optviz.ui.schedules.view import knob_of, knob_values, schedule_in, titles, view
from optviz.ui.words import plain


def stage() -> None:
    """Run every schedule and show what became of it."""
    spec = SESSION.spec
    try:
        race, payload = view(spec)
    except ValueError as error:
        frame.problems([*SESSION.problems, str(error)])
        return
    frame.problems(SESSION.problems)
    player.show(payload, key="schedules-player", on_start=partial(start.drag, SESSION))
    _table(race)
    SESSION.write_link()
    _take_away(spec)


def _table(race: Race) -> None:
    knob = knob_of(race.spec)
    rows = len(race.labels)
    values = np.median(knob_values(race, knob).reshape(rows, -1, race.num_steps), axis=1)
    losses = np.median(race.losses.reshape(rows, -1, race.num_steps + 1), axis=1)
    tail = losses[:, -max(1, race.num_steps // 10) :]
    name = human(knob)
    table = pd.DataFrame(
        {
            "schedule": race.labels,
            f"first {name}": [_told(value) for value in values[:, 0]],
            f"highest {name}": [_told(value) for value in values.max(axis=1)],
            f"last {name}": [_told(value) for value in values[:, -1]],
            "final loss": losses[:, -1],
            "mean loss of the last tenth": tail.mean(axis=1),
            "outcome": overview_frame(race)["outcome"],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            **{
                f"{end} {name}": st.column_config.TextColumn(alignment="right")
                for end in ("first", "highest", "last")
            },
            "final loss": number_column(
                table, "final loss", "%.3e", "Without noise; with several starts the median."
            ),
            "mean loss of the last tenth": number_column(
                table,
                "mean loss of the last tenth",
                "%.3e",
                "Steadier than the last loss, which is a matter of luck.",
            ),
        },
    )


def _told(value: float) -> str:
    """A knob's value; a rule without the knob has none."""
    return "–" if np.isnan(value) else number(value)


def _take_away(spec: RaceSpec) -> None:
    with st.container(horizontal=True, gap="small"):
        with st.popover("Schedules as code", icon=":material/code:"):
            _code(spec)
        with st.popover("Share", icon=":material/link:"):
            st.caption("This link opens exactly this page.")
            st.code(SESSION.address(), language=None, wrap_lines=True)
        with st.popover("Copy as Python", icon=":material/data_object:"):
            st.code(python_of(spec), language="python")
        with st.popover("Copy as command", icon=":material/terminal:"):
            st.code(command_of(spec), language="bash", wrap_lines=True)


def _code(spec: RaceSpec) -> None:
    """One schedule at a time, for the two libraries."""
    names, knob = titles(spec), knob_of(spec)
    moves = [not isinstance(schedule_in(run, knob), Constant) for run in spec.runs]
    first = moves.index(True) if any(moves) else 0
    chosen = st.selectbox("Schedule", names, index=first, key=SESSION.key("code"))
    run = spec.resolved()[names.index(chosen) if chosen in names else 0]
    rule: Any = run.optimizer
    asked = (schedule_in(run, knob), float(getattr(rule, knob, 1.0)), spec.num_steps, knob)
    for tab, code in zip(st.tabs(["optax", "PyTorch"]), (optax_code, torch_code), strict=True):
        with tab:
            st.code(code(*asked), language="python")
    st.caption(
        f"Gives the values of this page for {spec.num_steps} steps: {plain(entry_text(asked[0]))}."
    )
