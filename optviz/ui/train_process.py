"""How the process of the next training works: how often it saves, whether cores may change sums.

Neither is part of a training's spec, since neither changes what is learned; the link carries both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import streamlit as st

from optviz.runs.launch import checked_interval
from optviz.specs.text import parse_flag, parse_whole
from optviz.ui.train_session import CHECKPOINT, DETERMINISTIC, SESSION


class Process(NamedTuple):
    """See `jobs.start`."""

    checkpoint_every: int | None = None  # steps; None: about half a minute
    deterministic: bool = False


def process() -> Process:
    """What was chosen."""
    return st.session_state.get(SESSION.key("process"), Process())


def open_link() -> None:
    """Take it from the link, once a session."""
    if SESSION.key("process") in st.session_state:
        return
    ignored, chosen = [], {}
    for name, (field, read) in {
        CHECKPOINT: ("checkpoint_every", _steps),
        DETERMINISTIC: ("deterministic", parse_flag),
    }.items():
        try:
            if text := st.query_params.get(name):
                chosen[field] = read(text, name)
        except ValueError as error:
            ignored.append(f"Ignored in the link: {error}")
    _store(Process(**chosen))
    SESSION.say([*SESSION.problems, *ignored])


def as_link() -> dict[str, str | None]:
    """What the link says of it; nothing where nothing was chosen."""
    every, deterministic = process()
    return {
        CHECKPOINT: None if every is None else str(every),
        DETERMINISTIC: "true" if deterministic else None,
    }


def reset() -> None:
    """Back to what is chosen without a link."""
    _store(Process())


def choose(name: str) -> Callable[[Any], None]:
    """The `apply` of a widget that sets one field."""
    return lambda value: _store(process()._replace(**{name: value}))


def _steps(text: str, who: str) -> int:
    return checked_interval(parse_whole(text, who), who)


def _store(chosen: Process) -> None:
    st.session_state[SESSION.key("process")] = chosen
