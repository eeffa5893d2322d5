"""The networks page's stage: start, stop and resume a training, and watch it in the player."""

from __future__ import annotations

from dataclasses import asdict

import streamlit as st

from optviz.runs import jobs, launch
from optviz.specs.experiment import TrainSpec
from optviz.ui import frame, links
from optviz.ui.networks.cost import layers
from optviz.ui.networks.data import trouble
from optviz.ui.networks.images import samples
from optviz.ui.networks.live import live
from optviz.ui.networks.process import PROCESS, as_link
from optviz.ui.networks.session import JOB, SESSION, named
from optviz.ui.networks.take_away import take_away
from optviz.ui.training.pictures import look_inside
from optviz.ui.training.status import again, environment, notice, refusals
from optviz.ui.training.watch import Watch, watch
from optviz.ui.words import plain

STYLE = """
<style>
  .st-key-train-signs [data-testid="stMarkdownContainer"] { margin: 0; }
  .st-key-train-signs p { font-size: 0.875rem; margin: 0; }
</style>
"""
SECONDS = 0.5  # between two looks at a training that goes on


def stage() -> None:
    """Draw the stage: the running or finished training, or what could be trained."""
    st.html(STYLE)
    watched = _watched()
    status = jobs.status(watched.job_id) if watched else None
    _buttons(status)
    frame.problems(SESSION.problems)
    notice()
    if watched is None or status is None:
        SESSION.write_link(**as_link())
        _before()
        return
    SESSION.write_link(job=watched.job_id, **as_link())
    pace = None if status.ended else SECONDS
    st.fragment(frame.part()(live), run_every=pace)(watched.job_id, status.ended)
    st.fragment(frame.part()(look_inside))(watched.job_id)
    st.fragment(frame.part()(take_away))(watched.job_id)


def _before() -> None:
    """What could be trained."""
    images, network = st.tabs(["Images", "Network, layer by layer"], key="train.before")
    with images:
        samples(SESSION.spec)
    with network:
        layers(SESSION.spec)


def _watched() -> Watch | None:
    """The training that the link names, or None."""
    job_id, again = named()
    frame.problems(links.ignored(again))
    if not job_id:
        return None
    try:
        jobs.status(job_id)
        found = watch(job_id)
        found.look()  # what cannot be read is said here, and not drawn again and again below
        return found
    except (ValueError, OSError) as error:
        frame.problems(links.ignored([error]))
        return None


def _buttons(status: jobs.Status | None) -> None:
    going = status is not None and not status.ended
    download = not SESSION.spec.dataset.ready and not SESSION.spec.directory
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if going:
            st.button("Stop", icon=":material/stop:", type="primary", on_click=_stop)
        label = "Train another" if going else "Train"
        problem = trouble(SESSION.spec)
        st.button(
            f"Download (170 MB) and {label.lower()}" if download else label,
            icon=":material/play_arrow:",
            type="secondary" if going else "primary",
            on_click=_start,
            args=(download,),
            disabled=problem is not None,
            help=plain(problem)
            if problem is not None
            else "With the settings of this page, in a process of its own: reload or close the "
            "page, it goes on." + (" It waits until there is room for it." if going else ""),
        )
        if status is not None and status.resumable:
            st.button(**again(status), on_click=_resume)
        if status is not None:
            st.button(
                "Close",
                icon=":material/close:",
                type="tertiary",
                on_click=_close,
                help="Off the stage; it stays on the page Trainings.",
            )


def _start(download: bool) -> None:
    started: list[str] = []

    def begin(spec: TrainSpec) -> TrainSpec:
        if (problem := trouble(spec)) is not None:  # the files may have changed meanwhile
            raise ValueError(problem)
        name = launch.shortened(launch.compared(spec))  # what is trained on what is shown beside it
        wanted = asdict(PROCESS.spec)
        started.append(jobs.start(spec, download=download, env=environment(), name=name, **wanted))
        return spec

    if SESSION.change(begin):
        st.query_params[JOB] = started[0]


def _stop() -> None:
    SESSION.say(refusals(lambda: jobs.stop(st.query_params[JOB], wait=False)))


def _resume() -> None:
    SESSION.say(refusals(lambda: jobs.resume(st.query_params[JOB], env=environment())))


def _close() -> None:
    del st.query_params[JOB]
