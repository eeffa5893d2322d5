"""How a training stands, in words, and what can be done with it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple

import streamlit as st

from optviz.runs import jobs, shelf
from optviz.ui.training.watch import Watch, duration
from optviz.ui.words import plain

PLATFORMS = "OPTVIZ_JOB_PLATFORMS"  # where trainings run; the app itself keeps to the CPU

NOTICE = "trainings.notice"


class Look(NamedTuple):
    """How a state is shown."""

    word: str
    icon: str
    color: str  # of a badge


LOOKS: dict[str, Look] = {
    "queued": Look("waiting", ":material/hourglass_empty:", "gray"),
    "running": Look("training", ":material/play_arrow:", "blue"),
    "finished": Look("finished", ":material/check:", "green"),
    "stopped": Look("stopped", ":material/stop:", "orange"),
    "failed": Look("failed", ":material/error:", "red"),
    "dead": Look("broken off", ":material/error:", "red"),
    "unreadable": Look("unreadable", ":material/error:", "red"),
}


def environment() -> dict[str, str]:
    """Not the app's own platform: a training may use a GPU, which the app leaves alone."""
    return {"JAX_PLATFORMS": os.environ.get(PLATFORMS, "")}


def refusals(act: Callable[[], object]) -> list[str]:
    """Do something with a training; [] or, in one line, why that was not possible."""
    try:
        act()
    except (ValueError, OSError) as error:
        return [str(error)]
    return []


def notice() -> None:
    """What the store has to say, as that it was damaged: until somebody has read it."""
    try:
        said = shelf.notice()
    except (ValueError, OSError) as error:  # a newer optviz wrote it, or it is out of reach
        said = str(error)
    if said is not None:
        st.session_state[NOTICE] = said
    if NOTICE in st.session_state:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.warning(plain(st.session_state[NOTICE]), icon=":material/info:")
            st.button(
                "Understood", key=f"{NOTICE}.read", on_click=st.session_state.pop, args=(NOTICE,)
            )


def badge(status: jobs.Status) -> None:
    """The state as a small coloured word."""
    look = LOOKS[status.state]
    word = look.word
    if status.state == "queued" and status.place:
        word = f"waiting, number {status.place} in the queue"
    st.badge(plain(word), icon=look.icon, color=look.color)  # pyright: ignore[reportArgumentType]


def bar(watch: Watch, status: jobs.Status) -> None:
    """How far a training has come that has not ended, and when it will end."""
    if status.state == "queued":
        before = "" if not status.place else f", number {status.place} in the queue"
        st.progress(0.0, plain(f"waiting{before}"))
        return
    doing = watch.note or (f"{watch.share:.0%}" if watch.total else "starting")
    left = watch.seconds_left
    rest = f", about {duration(round(left))} left" if left is not None and not watch.note else ""
    st.progress(watch.share, plain(f"{doing}{rest}"))


def again(status: jobs.Status) -> dict[str, Any]:
    """What the button says that goes on with a training: its label, icon and help."""
    if jobs.has_checkpoint(status.id):
        text = "Go on with this training from its last checkpoint."
        return {"label": "Resume", "icon": ":material/resume:", "help": text}
    text = "From its beginning: it has no checkpoint."
    return {"label": "Start again", "icon": ":material/restart_alt:", "help": text}


def trouble(status: jobs.Status) -> None:
    """Why a training failed or broke off, with the last lines of its output."""
    if status.state not in ("failed", "dead"):
        return
    way_on = (
        " Resume goes on from its last checkpoint."
        if jobs.has_checkpoint(status.id)
        else " It had no checkpoint yet, so it can only start again."
    )
    text = status.message[:1].upper() + status.message[1:]
    st.error(f"{plain(text.rstrip('.'))}.{way_on}", icon=":material/error:")
    if status.log:
        with st.expander("Its last lines"):
            st.code("\n".join(status.log), language=None, wrap_lines=True)
