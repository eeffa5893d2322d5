"""Trainings as a still Plotly figure: medians over seeds, with their spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from optviz.analysis.training.curves import AXES, Axis, Spread, spread
from optviz.engine.training.events import TrainResult
from optviz.figures.theme import DARK, FONT_FAMILY, LIGHT, RunStyle, styles_of
from optviz.figures.words import plain

TITLES: Mapping[str, str] = {
    "loss": "Training loss",
    "grad_norm": "Gradient norm",
    "learning_rate": "Learning rate",
    "train_loss": "Training loss after an epoch",
    "train_accuracy": "Training accuracy",
    "mean_loss": "Training loss, mean of an epoch",
    "mean_accuracy": "Training accuracy, mean of an epoch",
    "val_loss": "Validation loss",
    "val_accuracy": "Validation accuracy",
    "seconds": "Seconds an epoch",
}
MAX_POINTS = 800  # of a curve; more than there are pixels tell nothing
WINDOW = 1 / 60  # of the steps: a curve by step is the mean over so many
_SYMBOLS = {"triangle": "triangle-up", "plus": "cross", "cross": "x"}  # Plotly's names
_DASHES = {(): "solid", (8, 4): "dash", (2, 3): "dot", (10, 3, 2, 3): "dashdot", (5, 2): "dash"}


def training_curves(
    results: TrainResult | Mapping[str, TrainResult],
    numbers: Sequence[str] = ("loss", "val_loss", "val_accuracy"),
    *,
    by: Axis = "epoch",
    smooth: bool = True,
    dark: bool = False,
) -> go.Figure:
    """One panel a number; each group of seeds is a line, its median, in a shaded band.

    The band reaches from quartile to quartile, or from the least to the greatest where there are
    too few seeds for quartiles. A cross ends a group whose every seed diverged.

    Args:
        results: a training, or several by what they are called.
        numbers: keys of `TITLES`.
        by: what stands on the x axis.
        smooth: whether curves by step are means over a sixtieth of the steps.
        dark: for a dark page.

    Raises:
        ValueError: a number that is not told.
    """
    named = {"": results} if isinstance(results, TrainResult) else results
    theme = DARK if dark else LIGHT
    figure = make_subplots(
        rows=1, cols=max(len(numbers), 1), subplot_titles=[TITLES.get(n, n) for n in numbers]
    )
    for column, number in enumerate(numbers, start=1):
        curves = [
            (plain(" · ".join(filter(None, [name, curve.group.label]))), result, curve)
            for name, result in named.items()
            for curve in spread(result, number, by)
        ]
        styles = styles_of([curve.group.rule for _, _, curve in curves])
        for (label, result, curve), style in zip(curves, styles, strict=True):
            traces = _traces(label, result, curve, style, smooth and number == "loss", dark)
            for trace in traces:
                trace.update(showlegend=column == 1 and trace.name == label)
                figure.add_trace(trace, row=1, col=column)
        if number.endswith("accuracy"):
            figure.update_yaxes(tickformat=".0%", row=1, col=column)
        elif any(np.any(curve.least > 0) for _, _, curve in curves):
            figure.update_yaxes(type="log", row=1, col=column)
        figure.update_xaxes(title_text=AXES[by], row=1, col=column)
    return figure.update_layout(
        template="plotly_dark" if dark else "plotly_white",
        paper_bgcolor=theme.background,
        plot_bgcolor=theme.background,
        font_family=FONT_FAMILY,
        font_color=theme.text,
        legend={"orientation": "h", "y": -0.18},
        margin={"t": 40, "r": 20, "b": 40, "l": 50},
        height=440,
    )


def _traces(
    label: str, result: TrainResult, curve: Spread, style: RunStyle, smooth: bool, dark: bool
) -> list[go.Scatter]:
    """The band, the line, and the cross of a group."""
    color = style.dark_color if dark else style.color
    low = curve.least if curve.lower is None else curve.lower
    high = curve.greatest if curve.upper is None else curve.upper
    x, (median, low, high) = curve.x, (curve.median, low, high)
    if smooth:
        median, low, high = (_means(values) for values in (median, low, high))
    keep = np.unique(np.linspace(0, len(x) - 1, MAX_POINTS).round().astype(int)) if len(x) else []
    x, median, low, high = (np.asarray(values)[keep] for values in (x, median, low, high))
    common: dict[str, Any] = {"legendgroup": label, "name": label}
    line = {"color": color, "dash": _DASHES.get(style.dash, "longdash"), "width": 2.2}
    few = len(x) < 30  # points that one can tell apart
    traces = [
        go.Scatter(
            x=x,
            y=median,
            mode="lines+markers" if few else "lines",
            line=line,
            marker={"symbol": _SYMBOLS.get(style.marker, style.marker), "size": 7},
            hovertemplate="%{x:.4g}: %{y:.4g}",
            **common,
        )
    ]
    known = np.isfinite(low) & np.isfinite(high)
    if len(curve.group.members) > 1 and known.any():
        outline = np.concatenate([x[known], x[known][::-1]])
        traces.insert(
            0,
            go.Scatter(
                x=outline,
                y=np.concatenate([low[known], high[known][::-1]]),
                fill="toself",
                fillcolor=_faint(color),
                line={"width": 0},
                mode="lines",
                hoverinfo="skip",
                **(common | {"name": f"{label}, spread"}),
            ),
        )
    outcomes = {result.runs[member].outcome for member in curve.group.members}
    drawn = np.flatnonzero(np.isfinite(median))
    if outcomes == {"diverged"} and len(drawn):
        cross = {"symbol": "x", "size": 11, "color": color}
        traces.append(
            go.Scatter(
                x=x[drawn[-1:]],
                y=median[drawn[-1:]],
                mode="markers",
                marker=cross,
                hovertemplate="diverged after %{x:.4g}",
                **(common | {"name": f"{label}, diverged"}),
            )
        )
    return traces


def _means(values: np.ndarray) -> np.ndarray:
    """Means over a window up to each point."""
    size = max(round(WINDOW * len(values)), 1)
    total = np.cumsum(np.insert(values, 0, 0.0))
    last = np.arange(1, len(values) + 1)
    first = np.maximum(last - size, 0)
    return (total[last] - total[first]) / (last - first)


def _faint(color: str) -> str:
    """A colour through which the grid and other bands are seen."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.18)"
