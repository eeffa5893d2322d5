"""The networks page's stage: start and stop a training, and watch it in the player."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
import streamlit as st

from optviz.analysis.training_curves import learning_rates
from optviz.engine.train_events import Compiling, Downloading, TrainResult
from optviz.export.snippets import train_command_of
from optviz.player.training import pack_training
from optviz.runs import jobs
from optviz.specs.train import TrainSpec
from optviz.ui import frame, pictures, player
from optviz.ui.train_controls import SESSION

JOB = "job"  # the link's parameter
SECONDS = 0.4  # between two looks at a training that goes on
PLATFORMS = "OPTVIZ_JOB_PLATFORMS"  # where trainings run; the app itself keeps to the CPU


@dataclass
class Watch:
    """What this session has read of a training so far."""

    job_id: str
    result: TrainResult
    position: int = 0
    attempt: int = 0
    note: str = ""

    def look(self) -> None:
        """Read what is new; a reload of the page starts again from the beginning."""
        while True:
            news = jobs.read(self.job_id, self.position)
            if news.attempt != self.attempt:  # it was resumed: what came after a checkpoint is void
                self.result, self.attempt = TrainResult.empty(self.result.spec), news.attempt
                self.position = 0
                continue
            for event in news.events:
                self.result.add(event)
                if isinstance(event, Downloading):
                    share = f" of {event.total / 1e6:.0f}" if event.total else ""
                    self.note = f"downloading: {event.done / 1e6:.0f}{share} MB"
                elif isinstance(event, Compiling):
                    self.note = "compiling"
                else:
                    self.note = ""
            if not news.events:
                return
            self.position = news.position


def stage() -> None:
    """Draw the stage: the running or finished training, or what could be trained."""
    watch = _watched()
    _buttons(watch)
    frame.problems(SESSION.problems)
    if watch is None:
        SESSION.write_link()
        pictures.samples(SESSION.spec.dataset)
        return
    SESSION.write_link(job=watch.job_id)
    ended = jobs.status(watch.job_id).ended
    st.fragment(_show, run_every=None if ended else SECONDS)(watch.job_id)


def _watched() -> Watch | None:
    """The training that the link names, or None."""
    job_id = st.query_params.get(JOB)
    if not job_id:
        return None
    known = st.session_state.get("train.watch")
    if known is not None and known.job_id == job_id:
        return known
    try:
        watch = Watch(job_id, TrainResult.empty(jobs.spec_of(job_id)))
    except ValueError as error:
        frame.problems([f"Ignored in the link: {error}"])
        return None
    st.session_state["train.watch"] = watch
    return watch


def _buttons(watch: Watch | None) -> None:
    status = jobs.status(watch.job_id) if watch else None
    going = status is not None and not status.ended
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if going:
            st.button("Stop", icon=":material/stop:", type="primary", on_click=_stop)
        else:
            download = not SESSION.spec.dataset.ready and not SESSION.spec.directory
            st.button(
                "Download (170 MB) and train" if download else "Train",
                icon=":material/play_arrow:",
                type="primary",
                on_click=_start,
                args=(download,),
                help="Runs in a process of its own: reload or close the page, it goes on.",
            )
        _earlier(watch)


def _start(download: bool) -> None:
    # Not the app's own platform: a training may use a GPU, which the app leaves alone.
    env = {"JAX_PLATFORMS": os.environ.get(PLATFORMS, "")}
    started: list[str] = []

    def begin(spec: TrainSpec) -> TrainSpec:
        started.append(jobs.start(spec, download=download, env=env))
        return spec

    if SESSION.change(begin):
        st.query_params[JOB] = started[0]


def _stop() -> None:
    jobs.stop(st.query_params[JOB], wait=False)


def _earlier(watch: Watch | None) -> None:
    found = jobs.list_jobs()[:30]
    if not found:
        return
    with st.popover("Earlier trainings", icon=":material/history:"):
        for status in found:
            when = datetime.fromtimestamp(status.created).strftime("%d %b %H:%M")
            with st.container(horizontal=True, gap="xxsmall"):
                st.button(
                    f"{when} · {status.state} · {status.name}",
                    key=f"train.open.{status.id}",
                    on_click=_open,
                    args=(status.id,),
                    type="tertiary",
                    disabled=watch is not None and watch.job_id == status.id,
                )
                if status.ended:
                    st.button(
                        "",
                        icon=":material/delete:",
                        key=f"train.delete.{status.id}",
                        help="Delete this training",
                        on_click=_delete,
                        args=(status.id,),
                        type="tertiary",
                    )


def _open(job_id: str) -> None:
    st.query_params[JOB] = job_id
    try:
        SESSION.reset(jobs.spec_of(job_id))
    except ValueError as error:
        frame.problems([str(error)])


def _delete(job_id: str) -> None:
    jobs.delete(job_id)
    if st.query_params.get(JOB) == job_id:
        del st.query_params[JOB]


def _show(job_id: str) -> None:
    """The part that is drawn again and again while the training goes on."""
    watch = st.session_state.get("train.watch")
    if watch is None or watch.job_id != job_id:
        return
    status = jobs.status(job_id)
    watch.look()
    spec, result = watch.result.spec, watch.result
    _progress(watch, status)
    if any(run.losses for run in result.runs):
        payload = pack_training(
            result,
            keys=[spec.runs[member.run].optimizer.name for member in spec.members()],
            learning_rates=learning_rates(result),
            live=not status.ended,
            smoothing=max(1, max(result.started.num_steps if result.started else [1]) // 60),
        )
        player.show(payload, key="train-player")
    st.dataframe(table(result), hide_index=True)
    _take_away(result)
    if status.ended and not st.session_state.get(f"train.ended.{job_id}"):
        st.session_state[f"train.ended.{job_id}"] = True
        st.rerun()  # so that the buttons change, and nobody looks any more


def _progress(watch: Watch, status: jobs.Status) -> None:
    spec, result = watch.result.spec, watch.result
    total = sum(result.started.num_steps) if result.started else 0
    done = [len(run.losses) for run in result.runs]
    share = sum(done) / total if total else 0.0
    what = f"{spec.network.label} on {spec.dataset.label}"
    if result.started:
        started = result.started
        what += f", {started.num_train[0]:,} images, {started.steps_per_epoch[0]:,} steps an epoch"
    if not status.ended:
        doing = watch.note or "training"
        left = (time.time() - status.created) * (1 - share) / share if share > 0.03 else None
        rest = f", about {left:.0f} s left" if left is not None else ""
        st.progress(min(share, 1.0), f"{what}: {doing}{rest}")
        return
    if status.state in ("failed", "dead"):
        st.error(f"{what}: {status.message}", icon=":material/error:")
        if status.log:
            with st.expander("Its last words"):
                st.code("\n".join(status.log), language=None)
        return
    st.caption(f"{what}: {status.state}.")
    if result.started:
        st.caption(result.started.note)


def table(result: TrainResult) -> pd.DataFrame:
    """One row a run, as it stands after its last whole epoch."""
    rows = []
    for run in result.runs:
        last = run.epochs[-1] if run.epochs else None
        diverged = run.outcome == "diverged"
        rows.append(
            {
                "optimizer": run.label,
                "epochs": len(run.epochs) - diverged,
                "training loss": _three(last and last.train_loss),
                "training accuracy": _percent(last and last.train_accuracy),
                "validation loss": _three(last and last.val_loss),
                "validation accuracy": _percent(last and last.val_accuracy),
                "seconds an epoch": _three(_mean([e.seconds for e in run.epochs if e.seconds])),
                "outcome": f"diverged at step {run.diverged_at}" if diverged else run.outcome,
            }
        )
    return pd.DataFrame(rows)


def _take_away(result: TrainResult) -> None:
    with st.container(horizontal=True, gap="small"):
        with st.popover("Share", icon=":material/link:"):
            st.caption("This link opens exactly these settings.")
            st.code(SESSION.address(), language=None, wrap_lines=True)
        with st.popover("Copy as command", icon=":material/terminal:"):
            st.code(train_command_of(result.spec), language="bash", wrap_lines=True)
        st.download_button(
            "Download (JSON)",
            data=json.dumps(result.to_json(), allow_nan=False),
            file_name="training.json",
            icon=":material/download:",
            on_click="ignore",
            key="train.download",
        )


def _three(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if len(values) else None
