"""The gradient page: choose a function and a point, see the error over h."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import streamlit as st

from optviz.analysis.gradient.check import DTYPES, GradientCheck
from optviz.export.gradient_check import lines_of, valleys_of
from optviz.figures.gradient_check import gradient_check_figure, place_figure
from optviz.surfaces import SURFACES
from optviz.ui import frame
from optviz.ui.gradient_check import look
from optviz.ui.parts import controls
from optviz.ui.parts.tables import number_column
from optviz.ui.session import bound
from optviz.ui.words import plain

_TITLES = {"surface": "Surface", "expression": "Your formula", "network": "Network"}
_DRAFT, _MAP = "check.draft", "check.map"

EXPLAINED = (
    r"A difference quotient misses the slope twice over: by **truncation**, which shrinks with $h$ "
    r"(like $h$ for forward, like $h^2$ for central differences), and by **rounding**, which grows "
    r"like $\varepsilon/h$. The best $h$ lies in the valley between, near $\sqrt{\varepsilon}$ for "
    r"forward and $\sqrt[3]{\varepsilon}$ for central differences; where the gradient is wrong "
    r"there is no valley, and the error stays as large as the mistake."
)
MEANT = (
    "**Right**: every slope agrees with the differences, and they leave room for less than "
    "0.025 % of it. **Wrong**: one differs by more than they leave room for. **Cannot tell**: "
    "rounding hides what would decide, or the loss has no gradient at the point. At a kink "
    "`jax.grad` gives one of the slopes between those of both sides (a subgradient), at a jump the "
    "slope beside it; neither is a slope of the loss there."
)


def page() -> None:
    """Draw the page."""
    stage, panel = st.columns([3.4, 1], gap="medium")
    with panel, st.container(key="controls"):
        _panel()
    with stage:
        _stage()
    look.SESSION.write_link()


def _panel() -> None:
    asked = look.current()
    bound(
        st.segmented_control,
        "What",
        options=look.KINDS,
        format_func=_TITLES.get,
        value=asked.kind,
        key="check.kind",
        apply=lambda kind: look.change(kind=kind or asked.kind, at=None),
        label_visibility="collapsed",
        width="stretch",
    )
    {"surface": _surface, "expression": _formula, "network": _network}[asked.kind](asked)
    if asked.kind != "network":
        _place(asked)
    bound(
        st.pills,
        "Number formats",
        options=DTYPES,
        selection_mode="multi",
        value=list(asked.dtypes),
        key="check.dtypes",
        apply=lambda chosen: look.change(dtypes=look.in_order(chosen)),
    )
    if asked.kind != "network":
        bound(
            st.toggle,
            "Break the gradient by 1 %",
            value=asked.broken,
            key="check.broken",
            apply=lambda broken: look.change(broken=bool(broken)),
            help="Multiplies the x part of the gradient by 1.01, as a slip in a formula would.",
        )


def _surface(asked: look.Asked) -> None:
    controls.entry_select(
        "Surface",
        SURFACES,
        asked.surface.partition(":")[0],
        "check.surface",
        lambda name: look.change(surface=name, at=None),
    )


def _formula(asked: look.Asked) -> None:
    """A formula field that keeps what was typed, also when it is refused."""
    if _DRAFT not in st.session_state or not look.SESSION.problems:
        st.session_state[_DRAFT] = asked.expression
    st.text_input(
        "f(x, y) =",
        key=_DRAFT,
        on_change=lambda: look.change(expression=st.session_state[_DRAFT]),
        help="Try abs(x) at x = 0, or sqrt(x**2 + y**2) at the origin.",
    )


def _network(asked: look.Asked) -> None:
    from optviz.networks import NETWORKS

    controls.entry_select(
        "Network",
        NETWORKS,
        asked.network.partition(":")[0],
        "check.network",
        lambda name: look.change(network=name),
        help="At fresh weights, on four synthetic images, with the cross-entropy loss.",
    )


def _place(asked: look.Asked) -> None:
    """The point: typed, or clicked on the map."""
    x, y = look.point_of(asked)
    with st.container(horizontal=True, gap="small"):
        for name, value, place in (("x", x, 0), ("y", y, 1)):

            def moved(new: Any, place: int = place) -> None:
                point = [x, y]
                point[place] = float(new or 0.0)
                look.change(at=(point[0], point[1]))

            bound(
                st.number_input,
                name,
                value=float(value),
                key=f"check.{name}",
                apply=moved,
                format="%.6g",
                step=0.1,
            )
    dark = st.context.theme.type == "dark"
    st.plotly_chart(
        place_figure(asked.target(), (x, y), dark=dark, height=260),
        key=_MAP,
        on_select=_clicked,
        selection_mode="points",
        config={"displayModeBar": False},
    )
    st.caption("Click the map to check another point.")


def _clicked() -> None:
    points = st.session_state[_MAP]["selection"]["points"]
    if points:
        look.change(at=(float(f"{points[0]['x']:.4g}"), float(f"{points[0]['y']:.4g}")))


def _stage() -> None:
    asked = look.current()
    frame.problems(look.SESSION.problems)
    with st.spinner("Taking differences …"):
        check = look.checked(asked)
    _verdict(check)
    st.plotly_chart(
        gradient_check_figure(check, asked.dtypes),
        key="check.figure",
        config={"displaylogo": False},
        alt=f"Error of finite differences over the step h. {plain(check.reason)}",
    )
    st.markdown(EXPLAINED)
    st.markdown(MEANT)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"##### Analytic against numeric, in {check.dtype}")
        _table(lines_of(check))
        st.caption(
            f"Checked {plain(check.how)}. Numeric: central differences from steps up to h, "
            "extrapolated to h = 0 without looking at the gradient; ±: how far rounding and "
            "truncation can move them."
        )
    with right:
        st.markdown("##### The valleys")
        _table(valleys_of(check))
        st.caption("Slope: of the error right of the valley, in powers of h; 1 and 2 in theory.")
    st.download_button(
        "Download (JSON)",
        data=json.dumps(check.to_json(), allow_nan=False),
        file_name="gradient-check.json",
        icon=":material/download:",
        on_click="ignore",
        key="check.download",
    )


_NUMBERS = {"analytic": "%.9g", "numeric": "%.9g", "slope": "%.2f"} | dict.fromkeys(
    ("±", "h", "least error", "at h", "theory"), "%.1e"
)


def _table(rows: list[dict[str, Any]]) -> None:
    table = pd.DataFrame(rows)
    columns = {
        name: number_column(table, name, format)
        for name, format in _NUMBERS.items()
        if name in table
    }
    st.dataframe(table, hide_index=True, column_config=columns)


def _verdict(check: GradientCheck) -> None:
    show, icon = {
        "right": (st.success, ":material/check_circle:"),
        "wrong": (st.error, ":material/error:"),
    }.get(check.verdict, (st.warning, ":material/warning:"))
    show(f"**{check.verdict.capitalize()}, in {check.dtype}.** {plain(check.reason)}", icon=icon)
