"""How the process of the next training works: how often it saves, whether cores may change sums.

Neither is part of a training's spec, since neither changes what is learned; the link carries both.
"""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from optviz.specs.text import parse_flag, parse_whole
from optviz.ui.session import bound, with_option
from optviz.ui.train_session import CHECKPOINT, DETERMINISTIC, SESSION

EVERY = (1, 10, 50, 100, 500, 1000)  # steps between two checkpoints, to choose from


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


def controls() -> None:
    """Draw both."""
    every, deterministic = process()
    given = EVERY if every is None else (*EVERY, every)
    bound(
        st.select_slider,
        "Save a checkpoint every",
        options=[None, *with_option(given, EVERY[0], SESSION.key("process.every"))],
        value=every,
        format_func=_say,
        key=SESSION.key("checkpoint_every"),
        apply=lambda value: _store(process()._replace(checkpoint_every=value)),
        help="From the last one a training goes on that was stopped or broken off.",
    )
    bound(
        st.toggle,
        "Same numbers on any number of cores",
        value=deterministic,
        key=SESSION.key("deterministic"),
        apply=lambda value: _store(process()._replace(deterministic=value)),
        help="Sums are always divided into as many parts; that may be slower.",
    )


def _steps(text: str, who: str) -> int:
    steps = parse_whole(text, who)
    if steps < 1:
        raise ValueError(f"{who} must be a whole number of steps from 1, got {text!r}")
    return steps


def _say(every: int | None) -> str:
    if every is None:
        return "half minute"
    return "step" if every == 1 else f"{every:,} steps"


def _store(chosen: Process) -> None:
    st.session_state[SESSION.key("process")] = chosen
