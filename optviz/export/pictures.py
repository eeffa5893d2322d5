"""A race as a still picture, drawn with matplotlib: no browser is needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patheffects import Normal, Stroke

from optviz.analysis.convergence import lowest_loss, window
from optviz.export.tables import overview_frame
from optviz.figures.levels import contour_levels
from optviz.figures.theme import LIGHT, Theme, styles_of

if TYPE_CHECKING:
    from optviz.api import Race

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


def save_picture(race: Race, path: Path, *, theme: Theme = LIGHT) -> None:
    """Write the race as a 1600 × 900 picture: map, losses and learning rates."""
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
        lowest = lowest_loss(race.surface)
        floor = lowest if lowest is not None and np.isfinite(lowest) else 0.0
        losses = race.losses - floor
        _curves(loss_axes, race, losses, "loss − f*" if floor else "loss", theme)
        _curves(rate_axes, race, race.learning_rates, "learning rate", theme)
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


def _map(axes: Any, race: Race, theme: Theme) -> dict[str, Any]:
    """The map; what the legend says, and the line that it says it of."""
    surface = race.surface
    losses = window(surface)
    x, y = (np.linspace(*limits, len(losses)) for limits in (surface.xlim, surface.ylim))
    levels = contour_levels(losses, surface.level_scale, lowest_loss(surface))
    bands = LinearSegmentedColormap.from_list("bands", theme.sequential)
    norm = BoundaryNorm(levels, bands.N, extend="both")
    axes.contourf(x, y, losses, levels, cmap=bands, norm=norm, extend="both")
    axes.contour(x, y, losses, levels, colors=theme.text, linewidths=0.4, alpha=0.35)
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
    for points, marker in ((surface.minima(), "*"), (surface.saddles(), "x")):
        for point in points:
            axes.plot(*point, marker, color=theme.text, markersize=12, zorder=2)
    axes.set(xlim=surface.xlim, ylim=surface.ylim, xlabel="x", ylabel="y")
    axes.set_title(surface.label, loc="left", fontweight="bold", fontsize=15, parse_math=False)
    return named


def _curves(axes: Any, race: Race, values: np.ndarray, title: str, theme: Theme) -> None:
    for row, style in enumerate(styles_of(race.keys)):
        curves = values[row].reshape(-1, values.shape[-1])
        axes.plot(
            np.median(curves, axis=0),
            color=style.color,
            linewidth=1.8,
            linestyle=_dash(style.dash),
        )
    finite = values[np.isfinite(values)]
    if finite.size and finite.min() >= 0 and finite.max() > 0:
        axes.set_yscale("log", nonpositive="mask")
    axes.set_title(title, loc="left", fontweight="bold")
    axes.set_xlabel("step")
    axes.grid(color=theme.grid, linewidth=0.6)
    axes.set_facecolor(theme.background)


def _dash(dash: tuple[int, ...]) -> Any:
    return (0, tuple(d / 2 for d in dash)) if dash else "solid"
