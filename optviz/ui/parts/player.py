"""The animated player as a Streamlit component."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import streamlit as st
from streamlit.components import v2 as components

from optviz.player import assets


@cache
def _component() -> Any:
    html, css, js = assets()
    return components.component("optviz.player", html=html, css=css, js=js)


def show(
    payload: bytes, *, key: str, on_start: Callable[[float, float], None] | None = None
) -> None:
    """Mount the player.

    Args:
        payload: from `optviz.player.pack`.
        key: keeps the player, its playhead and its zoom over reruns.
        on_start: called with the place where the user put the start.
    """

    def moved() -> None:
        event = st.session_state[key].start
        if on_start is not None and event is not None:
            on_start(float(event["x"]), float(event["y"]))

    _component()(data=payload, key=key, on_start_change=moved)
