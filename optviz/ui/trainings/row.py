"""One training in the list: tick, name, state, and what can be done with it."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

import streamlit as st

from optviz.runs import jobs, shelf
from optviz.runs.jobs import Status
from optviz.runs.launch import subject
from optviz.specs.experiment import TrainSpec
from optviz.ui import frame
from optviz.ui.networks.session import JOB, SESSION
from optviz.ui.session import bound
from optviz.ui.training.status import again, badge, bar, environment
from optviz.ui.training.watch import best_accuracy, watch
from optviz.ui.trainings import state
from optviz.ui.words import plain

NETWORKS_PAGE = "pages/20_networks.py"


def row(status: Status) -> None:
    """Draw the row."""
    if status.state == "unreadable":
        _unreadable(status)
        return
    try:
        spec = jobs.spec_of(status.id)
    except (ValueError, OSError):  # deleted meanwhile, as on another page
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", border=True):
        with st.container(width=28):
            _tick(status)
        with st.container(gap=None, width="stretch"):
            _name(status)
            st.caption(plain(_facts(status, spec)))
        with st.container(width=260, gap="xxsmall"):
            _state(status)
        st.markdown(_best(status), width=100)
        _actions(status, spec)


def _unreadable(status: Status) -> None:
    """What no optviz has written, or another one: why, and a way to get rid of it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", border=True):
        st.space(28)  # where others have their tick
        with st.container(gap=None, width="stretch"):
            st.caption(f"**{plain(status.name)}**")
            st.caption(plain(_when(status) if status.created else status.id))
            st.caption(plain(status.message))
        with st.container(width=260):
            badge(status)
        st.space(100)
        with st.container(horizontal=True, width=230, horizontal_alignment="right"):
            _delete(status)


def _tick(status: Status) -> None:
    bound(
        st.checkbox,
        f"Choose {plain(status.name)}",
        value=status.id in state.chosen(),
        key=f"trainings.tick.{status.id}",
        apply=lambda ticked: state.choose(status.id, ticked),
        label_visibility="collapsed",
    )


def _name(status: Status) -> None:
    bound(
        st.text_input,
        f"Name of {plain(status.name)}",
        value=status.name,
        key=f"trainings.name.{status.id}",
        apply=lambda name: state.act(lambda: shelf.rename(status.id, name)),
        label_visibility="collapsed",
    )


def _when(status: Status) -> str:
    return datetime.fromtimestamp(status.created).strftime("%d %b %Y, %H:%M")


def _facts(status: Status, spec: TrainSpec) -> str:
    count = len(spec.members())
    return f"{_when(status)} · {subject(spec)} · {count} run{'' if count == 1 else 's'}"


def _state(status: Status) -> None:
    if not status.ended:
        try:
            seen = watch(status.id)
            seen.look()
        except (ValueError, OSError) as error:
            st.text(str(error))
            return
        bar(seen, status)
        return
    badge(status)
    if status.message:
        st.caption(plain(status.message))
    if status.log:
        log = st.popover(
            "Last lines", type="tertiary", key=f"trainings.log.{status.id}", on_change="rerun"
        )
        if log.open:
            log.code("\n".join(status.log), language=None, wrap_lines=True)


def _best(status: Status) -> str:
    best = status.best_accuracy
    if not status.ended:
        with suppress(ValueError, OSError):  # its state says why it cannot be read
            best = best_accuracy(watch(status.id).result)
    return "" if best is None else f"**{100 * best:.1f} %** :gray[best]"


def _actions(status: Status, spec: TrainSpec) -> None:
    with st.container(horizontal=True, gap="xxsmall", width=230, horizontal_alignment="right"):
        if st.button(
            "Open",
            icon=":material/open_in_full:",
            key=f"trainings.open.{status.id}",
            type="tertiary",
            help="On the page Networks",
        ):
            _open(status.id, spec)
        if not status.ended:
            st.button(
                "Stop",
                icon=":material/stop:",
                key=f"trainings.stop.{status.id}",
                type="tertiary",
                on_click=state.act,
                args=(lambda: jobs.stop(status.id, wait=False),),
            )
        elif status.resumable:
            st.button(
                **again(status),
                key=f"trainings.resume.{status.id}",
                type="tertiary",
                on_click=state.act,
                args=(lambda: jobs.resume(status.id, env=environment()),),
            )
        if status.ended:
            _delete(status)


def _delete(status: Status) -> None:
    st.button(
        "",
        icon=":material/delete:",
        key=f"trainings.delete.{status.id}",
        type="tertiary",
        on_click=state.delete,
        args=([status.id],),
        help=f"Delete {plain(status.name)}",
    )


def _open(job_id: str, spec: TrainSpec) -> None:
    state.act()
    if NETWORKS_PAGE not in frame.pages():
        return
    SESSION.reset(spec)
    st.switch_page(NETWORKS_PAGE, query_params={JOB: job_id})
