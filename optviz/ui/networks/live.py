"""The part of the stage that is drawn again and again while a training goes on."""

from __future__ import annotations

from typing import Any

import streamlit as st

from optviz.analysis.training.curves import learning_rates
from optviz.analysis.training.signs import Sign, signs
from optviz.player.training import pack_training
from optviz.runs import jobs
from optviz.runs.history import standing
from optviz.runs.launch import subject
from optviz.specs.text import counted_all
from optviz.ui.parts import player
from optviz.ui.training.status import badge, bar, trouble
from optviz.ui.training.table import results
from optviz.ui.training.watch import Watch, watch
from optviz.ui.words import plain

SMOOTHED = 60  # the loss of a step is a mean over this share of all steps: one in so many


def live(job_id: str, ended: bool) -> None:
    """Progress, bad signs, curves and table of a training, as far as it has come.

    Args:
        ended: whether it had when the rest of the page was drawn.
    """
    try:
        status, seen = jobs.status(job_id), watch(job_id)
        seen.look()
    except (ValueError, OSError):  # deleted meanwhile, as on another page, or out of reach
        st.rerun()
    _head(seen, status)
    trouble(status)
    for text in seen.result.notices:
        st.caption(plain(text))
    _signs(seen)
    if any(run.losses for run in seen.result.runs):
        player.show(_payload(seen, status.ended), key="train-player")
    results(standing(seen.result, status.state))
    if seen.result.started is not None:
        st.caption(plain(seen.result.started.note))
    if status.ended and not ended:
        st.rerun()  # so that the buttons change, and nobody looks any more


def _head(seen: Watch, status: jobs.Status) -> None:
    """What is trained, how it stands, and how far it has come."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{plain(status.name)}**", width="content")
        if status.ended:
            badge(status)
        st.caption(plain(_facts(seen)), width="content")
    if not status.ended:
        bar(seen, status)


def _facts(seen: Watch) -> str:
    facts = subject(seen.spec)
    if (started := seen.result.started) is None:
        return facts
    images, per_epoch = started.num_train, started.steps_per_epoch
    facts += f", {counted_all(images, 'image')}, {counted_all(per_epoch, 'step')} an epoch"
    if started.num_sample in (None, images):
        return facts
    return f"{facts}, training tested on {counted_all(started.num_sample, 'image')}"


def _signs(seen: Watch) -> None:
    found = _kept(seen, "signs", lambda: signs(seen.result))
    if not found:
        return
    with st.container(key="train-signs", gap="xxsmall"):
        for sign in found:
            st.markdown(_line(sign))


_ICONS = {
    "error": ":red[:material/error:]",
    "warning": ":orange[:material/warning:]",
    "info": ":blue[:material/info:]",
}


def _line(sign: Sign) -> str:
    return f"{_ICONS[sign.severity]} {plain(sign.text)} :gray[{plain(sign.advice)}]"


def _payload(seen: Watch, ended: bool) -> bytes:
    result = seen.result
    planned = max(result.started.num_steps) if result.started else 1
    return _kept(
        seen,
        f"payload {ended}",
        lambda: pack_training(
            result,
            learning_rates=learning_rates(result),
            live=not ended,
            smoothing=max(1, planned // SMOOTHED),
        ),
    )


def _kept(seen: Watch, what: str, make: Any) -> Any:
    """What was made of the same news before, or made now."""
    key = f"train.kept.{what.split()[0]}"
    known = st.session_state.get(key)
    stamp = (seen.job_id, seen.version, what)
    if known is None or known[0] != stamp:
        known = st.session_state[key] = (stamp, make())
    return known[1]
