"""The race page's stage: the player, the table beneath it, and ways to take the race away."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st

from optviz.api import Race
from optviz.engine.surfaces.ground import lowest_loss
from optviz.export.snippets import command_of, python_of
from optviz.export.tables import overview_frame
from optviz.specs import RaceSpec
from optviz.ui import cached, frame
from optviz.ui.parts import player, start
from optviz.ui.parts.tables import number_column
from optviz.ui.race.panel import SESSION
from optviz.ui.words import plain


def stage() -> None:
    """Run the race of the session's spec and show it."""
    spec = SESSION.spec
    try:
        result = cached.race(spec)
    except ValueError as error:
        frame.problems([*SESSION.problems, str(error)])
        return
    frame.problems(SESSION.problems)
    player.show(cached.payload(spec), key="race-player", on_start=partial(start.drag, SESSION))
    _table(spec, result)
    notes = {run.optimizer.note_on(spec.problem) for run in spec.resolved()} - {None}
    for note in sorted(filter(None, notes)):
        st.caption(plain(note))
    SESSION.write_link()
    _take_away(spec, result)


def _table(spec: RaceSpec, result: Race) -> None:
    table = overview_frame(result)
    loss = number_column(
        table,
        "final loss",
        "%.3e",
        "Without noise; of a run that diverged the last good one. With several starts the median.",
    )
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "learning rate": st.column_config.TextColumn(alignment="right"),
            "final loss": loss,
            "gradient evaluations": st.column_config.TextColumn(alignment="right"),
            "steps to tolerance": st.column_config.TextColumn(
                alignment="right",
                help=f"First step with loss − f* within {spec.tolerance:g} of the first error. "
                f"{_lowest_of(spec)}With several starts the median.",
            ),
        },
    )


def _lowest_of(spec: RaceSpec) -> str:
    """What the losses are measured from, where it is not the surface's minimum."""
    lowest = lowest_loss(spec.surface)
    if lowest is None:
        return (
            "The minimum f* is not known: the lowest loss of this race and of the window takes its "
            "place, unless it still falls in the last tenth of the steps. "
        )
    return "" if np.isfinite(lowest) else "This surface has no lower bound: nobody arrives. "


def _take_away(spec: RaceSpec, result: Race) -> None:
    with st.container(horizontal=True, gap="small"):
        with st.popover("Share", icon=":material/link:"):
            st.caption("This link opens exactly this race.")
            st.code(SESSION.address(), language=None, wrap_lines=True)
        with st.popover("Copy as Python", icon=":material/code:"):
            st.code(python_of(spec), language="python")
        with st.popover("Copy as command", icon=":material/terminal:"):
            st.code(command_of(spec), language="bash", wrap_lines=True)
        with st.popover("Download", icon=":material/download:"):
            for suffix, text in _FORMS.items():
                st.download_button(
                    text,
                    data=lambda suffix=suffix: _file(result, suffix),
                    file_name=f"race{suffix}",
                    key=f"race.download{suffix}",
                    on_click="ignore",
                    width="stretch",
                )


_FORMS = {
    ".html": "Animation (HTML, works offline)",
    ".png": "Picture (PNG)",
    ".csv": "Every step (CSV)",
    ".json": "Everything (JSON)",
}


def _file(result: Race, suffix: str) -> bytes:
    from pathlib import Path
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        return result.save(Path(folder) / f"race{suffix}").read_bytes()
