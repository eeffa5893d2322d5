"""The race page's stage: the player, the table beneath it, and ways to take the race away."""

from __future__ import annotations

import streamlit as st

from optviz.api import Race
from optviz.export.snippets import command_of, python_of
from optviz.export.tables import overview_frame
from optviz.specs import RaceSpec
from optviz.ui import cached, frame, player
from optviz.ui.race_controls import SESSION, move_start
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
    player.show(cached.payload(spec), key="race-player", on_start=move_start)
    st.dataframe(
        overview_frame(result),
        hide_index=True,
        column_config={
            "learning rate": st.column_config.TextColumn(alignment="right"),
            "final loss": st.column_config.NumberColumn(
                format="%.3e", help="Without noise; with several starts the median."
            ),
            "gradient evaluations": st.column_config.TextColumn(alignment="right"),
            "steps to tolerance": st.column_config.TextColumn(
                alignment="right",
                help=f"First step with loss − f* within {spec.tolerance:g} of the first error.",
            ),
        },
    )
    notes = {run.optimizer.note_on(spec.problem) for run in spec.resolved()} - {None}
    for note in sorted(filter(None, notes)):
        st.caption(plain(note))
    SESSION.write_link()
    _take_away(spec, result)


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
