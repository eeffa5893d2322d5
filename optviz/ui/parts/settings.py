"""The numbers of a race as controls; their names and help are those of the spec's declaration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from optviz.specs import RaceSpec
from optviz.specs.setting import Choice, choices
from optviz.ui.parts import controls
from optviz.ui.session import Session, bound, with_option

RaceSession = Session[RaceSpec]
OF_RACE = choices(RaceSpec)


def settings(session: RaceSession, *names: str) -> None:
    """A control for each of these settings of `RaceSpec`."""
    for name in names:
        choice = OF_RACE[name]
        common = {"key": session.key(name), "help": choice.help}
        _CONTROLS[name](session, choice, getattr(session.spec, name), common)


def start_over(session: RaceSession, default_spec: Callable[[], RaceSpec]) -> None:
    """A button back to what the page opens on."""
    st.button(
        "Start over",
        icon=":material/restart_alt:",
        key=session.key("start_over"),
        on_click=lambda: session.reset(default_spec()),
        help="Back to what this page opens on.",
        width="stretch",
    )


def _num_steps(session: RaceSession, choice: Choice, value: int, common: dict[str, Any]) -> None:
    bound(
        st.slider,
        choice.label,
        min(10, value),
        max(2000, value),
        step=10 if value % 10 == 0 else 1,
        value=value,
        apply=session.set("num_steps"),
        **common,
    )


def _noise(session: RaceSession, choice: Choice, value: float, common: dict[str, Any]) -> None:
    offer = (0.0, *controls.ratio_steps(0.01, 100))
    bound(
        st.select_slider,
        choice.label,
        options=with_option(offer, float(value), common["key"]),
        format_func=controls.number,
        value=float(value),
        apply=session.set("noise"),
        **common,
    )


def _seed(session: RaceSession, choice: Choice, value: int, common: dict[str, Any]) -> None:
    bound(
        st.number_input,
        choice.label,
        min_value=0,
        max_value=2**32 - 1,
        step=1,
        value=value,
        apply=lambda said: session.set("seed")(int(said or 0)),
        **common,
    )


def _tolerance(session: RaceSession, choice: Choice, value: float, common: dict[str, Any]) -> None:
    bound(
        st.select_slider,
        choice.label,
        options=with_option(choice.offer, value, common["key"]),
        format_func=controls.number,
        value=value,
        apply=session.set("tolerance"),
        **common,
    )


def _steps_per_epoch(
    session: RaceSession, choice: Choice, value: int, common: dict[str, Any]
) -> None:
    bound(
        st.select_slider,
        choice.label,
        options=with_option(choice.offer, value, common["key"]),
        value=value,
        apply=session.set("steps_per_epoch"),
        **common,
    )


def _dtype(session: RaceSession, choice: Choice, value: str, common: dict[str, Any]) -> None:
    bound(
        st.segmented_control,
        choice.label,
        options=list(choice.offer),
        value=value,
        apply=lambda said: session.set("dtype")(said or value),
        width="stretch",
        **common,
    )


_CONTROLS: dict[str, Callable[[RaceSession, Choice, Any, dict[str, Any]], None]] = {
    "num_steps": _num_steps,
    "noise": _noise,
    "seed": _seed,
    "tolerance": _tolerance,
    "steps_per_epoch": _steps_per_epoch,
    "dtype": _dtype,
}
