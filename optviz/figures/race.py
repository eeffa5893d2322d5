"""A race as a still Plotly figure that can be inspected."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from optviz.analysis.race.record import RaceRecord
from optviz.engine.surfaces.ground import lowest_loss, window
from optviz.figures.heights import (
    axis_range,
    loss_axis,
    map_heights,
    race_curves,
    rates_are_log,
    surface_heading,
)
from optviz.figures.theme import FONT_FAMILY, LIGHT, STAR, colorscale, styles_of
from optviz.figures.words import plain

_DASHES = {(): "solid", (8, 4): "dash", (2, 3): "dot", (10, 3, 2, 3): "dashdot", (5, 2): "dash"}


def race_figure(race: RaceRecord) -> go.Figure:
    """Paths on the contour map, losses and learning rates beside it.

    Hovering names the step; a click on the legend hides a rule in all three panels. With several
    starts the map has every path and the curves the median over starts.
    """
    surface = race.surface
    losses = loss_axis(race.losses, lowest_loss(surface))
    rates_log = rates_are_log(race.learning_rates)
    figure = make_subplots(
        rows=2,
        cols=2,
        specs=[[{"rowspan": 2}, {}], [None, {}]],
        column_widths=[0.62, 0.38],
        subplot_titles=(plain(surface_heading(surface)), losses.title, "Learning rate"),
        horizontal_spacing=0.07,
        vertical_spacing=0.12,
    )
    figure.add_trace(_contours(race), row=1, col=1)
    for row, (label, style) in enumerate(zip(race.labels, styles_of(race.keys), strict=True)):
        line = {"color": style.color, "dash": _DASHES.get(style.dash, "longdash"), "width": 2}
        common = {"legendgroup": label, "name": plain(label), "line": line, "mode": "lines"}
        paths = race.params[row].reshape(-1, race.num_steps + 1, 2)
        # One trace for all starts, with gaps between them.
        gap = np.full((len(paths), 1, 2), np.nan)
        joined = np.concatenate([paths, gap], axis=1).reshape(-1, 2)
        step = np.tile(np.append(np.arange(race.num_steps + 1.0), np.nan), len(paths))
        figure.add_trace(
            go.Scatter(
                x=joined[:, 0],
                y=joined[:, 1],
                customdata=step,
                hovertemplate="step %{customdata}<br>(%{x:.4g}, %{y:.4g})",
                **common,
            ),
            row=1,
            col=1,
        )
        for place, values in ((1, losses.values[row]), (2, race.learning_rates[row])):
            curves = values.reshape(-1, values.shape[-1])
            # as in the player, a start without a number counts as the worst
            curve = np.median(np.where(np.isnan(curves), np.inf, curves), axis=0)
            figure.add_trace(
                go.Scatter(
                    y=curve, showlegend=False, hovertemplate="step %{x}: %{y:.4g}", **common
                ),
                row=place,
                col=2,
            )
    figure.update_xaxes(range=list(surface.xlim), title_text="x", row=1, col=1)
    figure.update_yaxes(range=list(surface.ylim), title_text="y", row=1, col=1)
    figure.update_xaxes(title_text="step", row=2, col=2)
    for place, curves, log in (
        (1, race_curves(race, losses.values), losses.log),
        (2, race_curves(race, race.learning_rates, runs_off=False), rates_log),
    ):
        limits = np.asarray(axis_range(curves, log))
        scale: Any = {"type": "log", "range": np.log10(limits)} if log else {"range": limits}
        figure.update_yaxes(**scale, row=place, col=2)
    for x, y in surface.minima():
        star: dict[str, Any] = {
            "text": "★",
            "font": {"size": 20, "color": STAR},
            "showarrow": False,
        }
        figure.add_annotation(
            x=x, y=y, hovertext=f"minimum ({x:.4g}, {y:.4g})", **star, row=1, col=1
        )
    figure.update_layout(
        template="plotly_white",
        font_family=FONT_FAMILY,
        font_color=LIGHT.text,
        legend={"orientation": "h", "y": -0.1},
        margin={"t": 40, "r": 20, "b": 40, "l": 50},
        height=620,
    )
    return figure


def _contours(race: RaceRecord) -> go.Contour:
    surface = race.surface
    losses = window(surface)
    x, y = (np.linspace(*limits, len(losses)) for limits in (surface.xlim, surface.ylim))
    return go.Contour(
        x=x,
        y=y,
        # Plotly spaces contours evenly
        z=map_heights(losses, surface.level_scale, lowest_loss(surface)),
        customdata=losses,
        hovertemplate="(%{x:.3g}, %{y:.3g})<br>loss %{customdata:.4g}<extra></extra>",
        colorscale=colorscale(),
        contours={"start": 0, "end": 1, "size": 1 / 22},
        zmin=0,
        zmax=1,
        line={"width": 0.5},
        showscale=False,
    )
