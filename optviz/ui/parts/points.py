"""The points of a schedule: dragged in a small component, or typed as numbers."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components import v2 as components

from optviz.catalog import Entry, Switch, defaults
from optviz.specs.text import parse_number, value_text
from optviz.ui.session import bound
from optviz.ui.words import plain

_SOURCES = Path(__file__).with_name("js")
Points = tuple[tuple[float, float], ...]
Apply = Callable[[Any], None]  # takes a value, or a function from the value as it is then


@cache
def _component() -> Any:
    css, js = (
        (_SOURCES / f"schedule_editor.{kind}").read_text(encoding="utf-8") for kind in ("css", "js")
    )
    html = '<div class="ov-schedule-editor"></div>'
    return components.component("optviz.schedule_editor", html=html, css=css, js=js)


def sequence_field(item: Entry, name: str, info: Switch, key: str, apply: Apply) -> None:
    """A control for a list of numbers, or of pairs: those can be dragged as well."""
    value = getattr(item, name)
    if isinstance(defaults(type(item))[name][0], tuple):
        _points(value, key, apply, info.help)
    else:
        _numbers(name, value, key, apply, info.help)


def _numbers(
    name: str, values: tuple[float, ...], key: str, apply: Apply, description: str
) -> None:
    """A text field; what is not a number goes to validation as it is, which says so."""

    def typed(text: str) -> None:
        apply(tuple(map(_number, text.replace(",", " ").split())))

    bound(
        st.text_input,
        plain(name.replace("_", " ")),
        value="  ".join(map(value_text, values)),
        key=key,
        apply=typed,
        help=f"{description} Separate them with blanks.",
    )


def _number(text: str) -> float | str:
    try:
        return parse_number(text, "")
    except ValueError:
        return text


def _points(points: Points, key: str, apply: Apply, description: str) -> None:
    editor = f"{key}.editor"

    def moved() -> None:
        event = st.session_state[editor].points
        if event is not None:
            apply(tuple((float(time), float(factor)) for time, factor in event["points"]))

    _component()(
        data={"points": [list(point) for point in points]}, key=editor, on_points_change=moved
    )
    st.caption(
        "Drag the points. A double click adds one, or removes the one it hits; the arrow keys move "
        "the one in focus."
    )
    with st.expander("As numbers"):
        st.caption(description)
        for index, (time, factor) in enumerate(points):
            _row(points, index, time, factor, key, apply)
        last = points[-1][0]
        st.button(
            "Add a point",
            key=f"{key}.add",
            on_click=apply,
            args=(_with_one_more,),
            disabled=last >= 1 and points[0][0] <= 0 and len(points) > 60,
        )


def _row(
    points: Points,
    index: int,
    time: float,
    factor: float,
    key: str,
    apply: Apply,
) -> None:
    count = len(points)

    def put(place: int, value: float) -> None:
        def edited(now: Points) -> Points:
            if len(now) != count:
                return now  # this row is another point by now, or none
            point = list(now[index])
            point[place] = value / 100 if place == 0 else value
            return (*now[:index], (point[0], point[1]), *now[index + 1 :])

        apply(edited)

    def removed(now: Points) -> Points:
        return (*now[:index], *now[index + 1 :]) if len(now) == count else now

    with st.container(horizontal=True, vertical_alignment="bottom", gap="xxsmall"):
        shown = "visible" if index == 0 else "collapsed"
        bound(
            st.number_input,
            "% of the run",
            value=round(100 * time, 6),
            key=f"{key}.{index}.time",
            apply=partial(put, 0),
            min_value=0.0,
            max_value=100.0,
            step=1.0,
            format="%.4g",
            label_visibility=shown,
        )
        bound(
            st.number_input,
            "times",
            value=float(factor),
            key=f"{key}.{index}.factor",
            apply=partial(put, 1),
            min_value=0.0,
            step=0.05,
            format="%.4g",
            label_visibility=shown,
        )
        st.button(
            "",
            icon=":material/close:",
            key=f"{key}.{index}.remove",
            help="Remove this point",
            on_click=apply,
            args=(removed,),
            type="tertiary",
            disabled=len(points) == 1,
        )


def _with_one_more(points: Points) -> Points:
    """The points with one in the middle of the widest gap, on the line that is there already."""
    fence = [(0.0, points[0][1]), *points, (1.0, points[-1][1])]
    gaps = list(pairwise(fence))
    (t0, f0), (t1, f1) = max(gaps, key=lambda gap: gap[1][0] - gap[0][0])
    middle = (round((t0 + t1) / 2, 4), round((f0 + f1) / 2, 4))
    return tuple(sorted((*points, middle)))
