"""A gradient check as Plotly figures: the error over h, and the place on the map."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import plotly.graph_objects as go

from optviz.analysis.gradient.check import DTYPES, ErrorCurve, GradientCheck
from optviz.engine.surfaces.ground import lowest_loss, window
from optviz.figures.heights import map_heights
from optviz.figures.theme import colorscale
from optviz.surfaces import Point, Surface

COLORS = {"forward": "#e06f00", "central": "#1f6fea"}
DASHES = {"float64": "solid", "float32": "dot"}
GUIDE = "#8a94a6"
# Where theory has the least error, from left to right: each is named below the one before it, so
# that names stand clear of each other on a narrow page.
_LINES = [(dtype, scheme) for dtype in ("float64", "float32") for scheme in ("forward", "central")]
_ROOTS = {"forward": "√ε", "central": "∛ε"}
_GRID = 45  # places a side that can be clicked


def gradient_check_figure(
    check: GradientCheck, dtypes: Collection[str] = DTYPES, *, height: int = 520
) -> go.Figure:
    """Error over h, both axes logarithmic; a dot where it is least, the theory beside it."""
    figure = go.Figure()
    for curve in check.curves:
        if curve.dtype in dtypes:
            _curve(figure, check, curve)
    last = [c for c in check.curves if c.dtype in dtypes]
    for scheme in ("forward", "central"):
        best = next((c for c in reversed(last) if c.scheme == scheme), None)
        if best is not None:
            _slope(figure, check, best)
    what = "share of the gradient's length" if check.relative else "absolute: the gradient is zero"
    figure.update_xaxes(
        type="log", title_text="step h", exponentformat="power", dtick=2, range=[-15.2, 0.2]
    )
    figure.update_yaxes(type="log", title_text=f"error ({what})", exponentformat="power", dtick=2)
    figure.update_layout(
        height=height,
        margin={"t": 20, "r": 20, "b": 50, "l": 60},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="x unified",
    )
    return figure


def _curve(figure: go.Figure, check: GradientCheck, curve: ErrorCurve) -> None:
    color = COLORS[curve.scheme]
    errors = np.where(curve.errors > 0, curve.errors, np.nan)  # a log axis has no zero
    name = f"{curve.scheme}, {curve.dtype}"
    figure.add_scatter(
        x=check.h,
        y=errors,
        mode="lines",
        name=name,
        line={"color": color, "dash": DASHES[curve.dtype], "width": 2.4},
        hovertemplate="%{y:.2e}",
    )
    figure.add_scatter(
        x=[curve.best_h],
        y=[curve.least or np.nan],
        mode="markers",
        marker={"color": color, "size": 10, "line": {"color": "white", "width": 1.5}},
        showlegend=False,
        name=f"least, {name}",
        hovertemplate="h = %{x:.1e}: %{y:.2e}",
    )
    figure.add_vline(
        x=curve.theory_h,
        line={"color": color, "width": 1, "dash": DASHES[curve.dtype]},
        opacity=0.45,
    )
    figure.add_annotation(
        x=np.log10(curve.theory_h),  # annotations on a log axis are placed by exponent
        y=1 - 0.05 * _LINES.index((curve.dtype, curve.scheme)),
        yref="paper",
        text=f"{_ROOTS[curve.scheme]} {curve.dtype}",
        font={"color": color, "size": 12},
        showarrow=False,
        xanchor="left",
        xshift=3,
    )


def _slope(figure: go.Figure, check: GradientCheck, curve: ErrorCurve) -> None:
    """A guide beside the truncation branch: h for forward, h² for central differences."""
    power = 1 if curve.scheme == "forward" else 2
    if not np.isfinite(curve.slope) or abs(curve.slope - power) > 0.35:
        return  # nothing to guide along: a quadratic has no such branch
    at = np.sqrt(4 * curve.theory_h * 0.3)
    index = int(np.argmin(np.abs(np.log(check.h / at))))
    ends = check.h[index] * np.array([0.12, 8.0])
    heights = 5 * curve.errors[index] * (ends / check.h[index]) ** power
    figure.add_scatter(
        x=ends,
        y=heights,
        mode="lines+text",
        text=["", f"h{'²' if power == 2 else ''}"],
        textposition="top center",
        textfont={"color": GUIDE, "size": 14},
        line={"color": GUIDE, "width": 1.2},
        showlegend=False,
        hoverinfo="skip",
    )


def place_figure(
    surface: Surface, at: Point, *, dark: bool = False, height: int = 330
) -> go.Figure:
    """The surface's map with the point, and an invisible grid of places that can be clicked."""
    losses = window(surface)
    x, y = (np.linspace(*limits, len(losses)) for limits in (surface.xlim, surface.ylim))
    figure = go.Figure(
        go.Contour(
            x=x,
            y=y,
            z=map_heights(losses, surface.level_scale, lowest_loss(surface)),
            contours={"start": 0, "end": 1, "size": 1 / 16},
            colorscale=colorscale(dark),
            showscale=False,
            line={"width": 0.4},
            hoverinfo="skip",
        )
    )
    places = np.stack(
        np.meshgrid(*(np.linspace(*w, _GRID) for w in (surface.xlim, surface.ylim))), axis=-1
    ).reshape(-1, 2)
    invisible: dict[str, Any] = {"size": 9, "opacity": 0, "color": GUIDE}
    figure.add_scatter(
        x=places[:, 0], y=places[:, 1], mode="markers", marker=invisible, hoverinfo="none"
    )
    marker = {"size": 13, "color": "#d81e1e", "line": {"color": "white", "width": 2}}
    figure.add_scatter(
        x=[at[0]], y=[at[1]], mode="markers", marker=marker, hovertemplate="(%{x:.4g}, %{y:.4g})"
    )
    figure.update_xaxes(range=list(surface.xlim), fixedrange=True, showgrid=False)
    figure.update_yaxes(range=list(surface.ylim), fixedrange=True, showgrid=False)
    figure.update_layout(
        height=height,
        margin={"t": 8, "r": 8, "b": 28, "l": 32},
        showlegend=False,
        clickmode="event+select",
        dragmode=False,
    )
    return figure
