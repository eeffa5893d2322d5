"""How the process of the next training works: how often it saves, whether cores may change sums.

Neither is part of a training's spec, since neither changes what is learned; the link carries both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import streamlit as st

from optviz.runs.launch import checked_interval
from optviz.specs.text import parse_flag, parse_whole
from optviz.ui import links
from optviz.ui.networks.session import CHECKPOINT, DETERMINISTIC, SESSION

_KEY = SESSION.key("process")


class Process(NamedTuple):
    """See `jobs.start`."""

    checkpoint_every: int | None = None  # steps; None: about half a minute
    deterministic: bool = False


def process() -> Process:
    """What was chosen."""
    return st.session_state.get(_KEY, Process())


def open_link() -> None:
    """Take it from the link: once a session, and where Back leads to another one."""
    query = {n: v for n, v in links.read().items() if n in (CHECKPOINT, DETERMINISTIC)}
    if _KEY in st.session_state and not links.is_news(_KEY, query):
        return
    ignored, chosen = [], {}
    for name, (field, read) in {
        CHECKPOINT: ("checkpoint_every", _steps),
        DETERMINISTIC: ("deterministic", parse_flag),
    }.items():
        text, again = links.one(name, query.get(name, ()))
        ignored += again
        try:
            if text:
                chosen[field] = read(text, name)
        except ValueError as error:
            ignored.append(str(error))
    _store(Process(**chosen))
    SESSION.say([*SESSION.problems, *links.ignored(ignored)])


def as_link() -> dict[str, str | None]:
    """What the link, which is written with it, says of it; nothing where nothing was chosen."""
    every, deterministic = process()
    said = {
        CHECKPOINT: None if every is None else str(every),
        DETERMINISTIC: "true" if deterministic else None,
    }
    links.is_told(_KEY, process(), {name: [text] for name, text in said.items() if text})
    return said


def reset() -> None:
    """Back to what is chosen without a link."""
    _store(Process())


def choose(name: str) -> Callable[[Any], None]:
    """The `apply` of a widget that sets one field."""
    return lambda value: _store(process()._replace(**{name: value}))


def _steps(text: str, who: str) -> int:
    return checked_interval(parse_whole(text, who), who)


def _store(chosen: Process) -> None:
    st.session_state[_KEY] = chosen
