"""A race as a still picture, drawn with matplotlib: no browser is needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patheffects import Normal, Stroke

from optviz.analysis.race.record import RaceRecord
from optviz.engine.surfaces.ground import lowest_loss, window
from optviz.export.tables import overview_frame
from optviz.figures.heights import (
    Curve,
    axis_range,
    loss_axis,
    map_heights,
    race_curves,
    rates_are_log,
    surface_heading,
)
from optviz.figures.theme import LIGHT, STAR, Theme, styles_of

LEVELS = 22  # contour lines
LINES_TO_BAND = 9  # from this many starts a curve is a median with its 10–90 % band
MARKERS = {
    "circle": "o",
    "square": "s",
    "diamond": "D",
    "triangle": "^",
    "triangle-down": "v",
    "pentagon": "p",
    "hexagon": "h",
    "star": "*",
    "plus": "P",
    "cross": "X",
}


def save_picture(race: RaceRecord, path: Path, *, theme: Theme = LIGHT) -> None:
    """Write the race as a 1600 × 900 picture: map, losses and learning rates.

    The file's suffix decides between pixels (.png) and lines that scale (.svg, .pdf).
    """
    settings: Any = {
        "font.family": ["sans-serif"],
        "text.color": theme.text,
        "axes.edgecolor": theme.grid,
        "axes.labelcolor": theme.muted,
        "xtick.color": theme.muted,
        "ytick.color": theme.muted,
    }
    with mpl.rc_context(settings):
        figure = Figure(figsize=(16, 9), dpi=100, facecolor=theme.background, layout="constrained")
        grid = figure.add_gridspec(2, 2, width_ratios=[1.6, 1], wspace=0.04)
        map_axes = figure.add_subplot(grid[:, 0])
        loss_axes, rate_axes = figure.add_subplot(grid[0, 1]), figure.add_subplot(grid[1, 1])
        named = _map(map_axes, race, theme)
        losses = loss_axis(race.losses, lowest_loss(race.surface))
        loss_curves = race_curves(race, losses.values)
        rates = race_curves(race, race.learning_rates, runs_off=False)
        many = loss_curves[0].values.shape[0]
        over = f", median of {many} starts" if many > 1 else ""
        _curves(loss_axes, race, loss_curves, losses.title + over, losses.log, theme)
        log = rates_are_log(race.learning_rates)
        _curves(rate_axes, race, rates, "Learning rate" + over, log, theme)
        legend = figure.legend(
            list(named.values()),
            [str(i) for i in range(len(named))],  # a label that begins with _ would be left out
            loc="outside lower center",
            ncols=min(len(named), 5),
            frameon=False,
            fontsize=12,
        )
        for text, label in zip(legend.get_texts(), named, strict=True):
            text.set(text=label, parse_math=False)
        figure.savefig(path)


def _map(axes: Any, race: RaceRecord, theme: Theme) -> dict[str, Any]:
    """The map; what the legend says, and the line that it says it of."""
    surface = race.surface
    losses = window(surface)
    x, y = (np.linspace(*limits, len(losses)) for limits in (surface.xlim, surface.ylim))
    heights = map_heights(losses, surface.level_scale, lowest_loss(surface))
    levels = np.linspace(0, 1, LEVELS)
    bands = LinearSegmentedColormap.from_list("bands", theme.sequential)
    norm = BoundaryNorm(levels, bands.N, extend="both")
    axes.contourf(x, y, heights, levels, cmap=bands, norm=norm, extend="both")
    if len(np.unique(heights[np.isfinite(heights)])) > 1:  # a flat surface has no lines
        axes.contour(x, y, heights, levels[1:-1], colors=theme.text, linewidths=0.4, alpha=0.35)
    halo = [Stroke(linewidth=3.6, foreground=theme.background, alpha=0.65), Normal()]
    named, told = {}, overview_frame(race)["outcome"]
    for row, (label, style, outcome) in enumerate(
        zip(race.labels, styles_of(race.keys), told, strict=True)
    ):
        paths = race.params[row].reshape(-1, race.num_steps + 1, 2)
        for i, path in enumerate(paths):
            (line,) = axes.plot(
                *path.T,
                color=style.color,
                linewidth=1.8 if len(paths) == 1 else 0.8,
                linestyle=_dash(style.dash),
                marker=MARKERS[style.marker],
                markevery=[race.num_steps],
                markersize=9,
                markeredgecolor=theme.background,
                path_effects=halo if len(paths) == 1 else None,
                zorder=3 + i / len(paths),
            )
            if i == 0:
                named[f"{label}: {outcome}"] = line
    star: Any = {"marker": "*", "markersize": 22, "color": STAR}
    cross: Any = {"marker": "x", "markersize": 10, "color": theme.text, "markeredgewidth": 2}
    for points, look in ((surface.minima(), star), (surface.saddles(), cross)):
        for point in points:
            axes.plot(*point, **({"markeredgecolor": theme.text} | look), zorder=4.5)
    for start in np.atleast_2d(race.start):
        ring = {"markersize": 13 if race.start.ndim == 1 else 5, "markeredgecolor": theme.text}
        axes.plot(*start, "o", color="none", markeredgewidth=1.8, **ring, zorder=4.6)
    axes.set(xlim=surface.xlim, ylim=surface.ylim, xlabel="x", ylabel="y")
    title = surface_heading(surface)
    axes.set_title(title, loc="left", fontweight="bold", fontsize=15, parse_math=False, wrap=True)
    return named


def _curves(
    axes: Any, race: RaceRecord, curves: Sequence[Curve], title: str, log: bool, theme: Theme
) -> None:
    for curve, style in zip(curves, styles_of(race.keys), strict=True):
        values = np.where(np.isnan(curve.values), np.inf, curve.values)
        low, middle, high = np.quantile(values, (0.1, 0.5, 0.9), axis=0, method="nearest")
        look: Any = {"color": style.color, "linestyle": _dash(style.dash)}
        if len(values) >= LINES_TO_BAND:
            axes.fill_between(np.arange(len(low)), low, high, color=style.color, alpha=0.12, lw=0)
        elif len(values) > 1:
            axes.plot(values.T, **look, linewidth=0.7, alpha=0.4)
        axes.plot(middle, **look, linewidth=1.8)
    axes.set_ylim(*axis_range(curves, log))  # first: a scale that looks for itself warns
    if log:
        axes.set_yscale("log", nonpositive="clip")
    axes.set_title(title, loc="left", fontweight="bold")
    axes.set_xlabel("step")
    axes.grid(color=theme.grid, linewidth=0.6)
    axes.set_facecolor(theme.background)


def _dash(dash: tuple[int, ...]) -> Any:
    return (0, tuple(d / 2 for d in dash)) if dash else "solid"
