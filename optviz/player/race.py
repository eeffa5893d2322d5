"""A race as the player's message: the map, the loss and the learning rate."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from optviz.analysis.race.convergence import WORDS, counted, told, told_all
from optviz.analysis.race.record import RaceRecord
from optviz.figures.heights import leaves_window, loss_axis, rates_are_log, surface_title
from optviz.figures.theme import RunStyle, styles_of
from optviz.player.pack import Double, Quantised, exact, pack
from optviz.player.thinning import MAX_POINTS, series, width_of
from optviz.surfaces import Surface

MAX_STARTS = 64  # trails drawn per rule; more are a fog, and a payload nobody waits for
MAX_CLOUD_POINTS = 250_000  # points of all trails together with many starts: 1 MB
_LINES_TO_BAND = 9  # from this many starts a curve is a median with its 10–90 % band


def pack_race(
    race: RaceRecord,
    *,
    surface: Surface,
    grid: np.ndarray | None = None,
    title: str | None = None,
    minimum: float | None = None,
    levels: str | None = None,
    draggable: bool = False,
    autoplay: bool = True,
    visible: Sequence[str] | None = None,
    notes: Sequence[str] = (),
    race_id: str | None = None,
    styles: Sequence[RunStyle] | None = None,
    above: Sequence[Mapping[str, Any]] | None = None,
    below: Sequence[Mapping[str, Any]] = (),
    steps_per_epoch: int = 1,
) -> bytes:
    """The player's message for one race: map, loss and learning rate under one playhead.

    Args:
        race: its arrays and labels; `race.keys` (the rules' names) chooses colours, else labels do.
        surface: its window, minima and saddles; `label` is the map's title.
        grid: (ny, nx) losses over the window, row 0 at the lowest y; None draws no contours.
        minimum: the surface's lowest loss f*, if known: the loss curve shows loss − f*.
        levels: "log" or "linear" contours; default: log where the surface has a minimum.
        draggable: the start may be moved (needs Python behind the page).
        autoplay: play once when the player opens.
        visible: labels shown at first; None: all.
        race_id: shown as `data-shown` once painted; default: a hash of the content.
        styles: how each run is drawn; None: as its rule is.
        above: curves above the loss, in place of the learning rates that stand beneath it.
        below: further curves.
        steps_per_epoch: above 1, curves count epochs.
    """
    params, losses, rates = (
        _with_starts(np.asarray(array), ndim)
        for array, ndim in ((race.params, 4), (race.losses, 3), (race.learning_rates, 3))
    )
    num_starts, states = params.shape[1:3]
    keep = np.linspace(0, num_starts - 1, min(num_starts, MAX_STARTS)).round().astype(int)
    notes = list(notes)
    if len(keep) < num_starts:
        notes.append(f"{len(keep)} of {num_starts} starts are drawn; curves show all of them")

    minima, saddles = list(surface.minima()), list(surface.saddles())
    stride, paths = _paths(params[:, keep], surface)
    if stride > 1:
        width = width_of(states)
        shown = f"the lowest and highest of {width} steps" if width > 1 else "every step"
        notes.append(f"trails show every {stride}th step; curves show {shown}")
    axis = loss_axis(losses, minimum)
    map_panel = {
        "kind": "map",
        "title": title or surface_title(surface),
        "xlabel": "x",
        "ylabel": "y",
        "xlim": list(surface.xlim),
        "ylim": list(surface.ylim),
        "grid": None if grid is None else exact(grid),
        "floor": minimum,
        "levels": levels or ("log" if minima else "linear"),
        "minima": minima,
        "saddles": saddles,
        "starts": params[0, keep, 0].tolist(),
        "draggable": draggable,
        "path_stride": stride,
        "paths": paths,
    }
    loss_panel = curves(
        axis.title, axis.label, axis.values, "log" if axis.log else "linear", runs_off=True
    )
    if above is None:
        panels = [loss_panel, curves("Learning rate", "learning rate", rates), *below]
    else:
        panels = [*above, loss_panel, *below]
    if steps_per_epoch > 1:
        panels = [{**p, "xlabel": "epoch", "steps_per_epoch": steps_per_epoch} for p in panels]
    header: dict[str, Any] = {
        "title": map_panel["title"],
        "num_steps": states - 1,
        "live": False,
        "autoplay": autoplay,
        "notes": notes,
        "runs": _runs(race, params, surface, visible, styles),
        "panels": [map_panel, *panels],
    }
    if race_id is None:
        race_id = hashlib.blake2b(pack({"id": "", **header}), digest_size=8).hexdigest()
    return pack({"id": race_id, **header})


def curves(
    title: str,
    ylabel: str,
    values: np.ndarray,
    scale: str | None = None,
    *,
    runs_off: bool = False,
) -> dict[str, Any]:
    """A panel with a curve of every run that has numbers there.

    Args:
        title: stands above it.
        ylabel: what is drawn.
        values: (R, N) or (R, S, N).
        scale: "log" or "linear"; None: log where a linear axis could not show all runs.
        runs_off: whether runs that diverge or escape may leave the axis.
    """
    values = _with_starts(values, 3)
    return {
        "kind": "curves",
        "title": title,
        "ylabel": ylabel,
        "xlabel": "step",
        "scale": scale or ("log" if rates_are_log(values) else "linear"),
        "runs_off": runs_off,
        "series": [_series(i, v) for i, v in enumerate(values) if np.isfinite(v).any()],
    }


def _with_starts(array: np.ndarray, ndim: int) -> np.ndarray:
    return array if array.ndim == ndim else array[:, None]


def _paths(params: np.ndarray, surface: Surface) -> tuple[int, list[Any]]:
    """One array per run, thinned to whole strides; many starts are stored in 16 bits."""
    num_runs, num_starts, states, _ = params.shape
    if num_starts == 1:
        # An odd stride: of a path that goes to and fro an even one would show one side only.
        stride = -(-states // MAX_POINTS)
        stride |= 1
        params = _strided(params, stride)
        narrow = any(
            isinstance(exact(np.asarray(limits)), Double) for limits in (surface.xlim, surface.ylim)
        )
        return stride, [Double(path) if narrow else path for path in params]
    stride = max(1, -(-num_runs * num_starts * states // MAX_CLOUD_POINTS))
    thin = _strided(params, stride)
    limits = np.array([surface.xlim, surface.ylim], dtype=float)
    width = limits[:, 1] - limits[:, 0]
    # both coordinates share one range; three windows each way is farther than anyone pans
    span = (float((limits[:, 0] - width).min()), float((limits[:, 1] + width).max()))
    return stride, [Quantised(thin[run], span) for run in range(num_runs)]


def _strided(params: np.ndarray, stride: int) -> np.ndarray:
    """Every `stride`th state, and the last, so that no trail ends early."""
    thin = params[:, :, ::stride]
    if (params.shape[2] - 1) % stride:
        thin = np.concatenate([thin, params[:, :, -1:]], axis=2)
    return thin


def _series(run: int, values: np.ndarray) -> dict[str, Any]:
    """A curve of one run: a constant, a line, a few lines, or a median with its band."""
    first = values.flat[0]
    if np.all(values == first) and np.isfinite(first):
        return {"run": run, "constant": float(first)}
    if np.all(values == values[:1]):
        values = values[:1]
    if len(values) < _LINES_TO_BAND:
        return series(run, values[0] if len(values) == 1 else values)
    ordered = np.where(np.isnan(values), np.inf, values)
    low, middle, high = np.quantile(ordered, (0.1, 0.5, 0.9), axis=0, method="nearest")
    return series(run, middle, low, high)


def _runs(
    race: RaceRecord,
    params: np.ndarray,
    surface: Surface,
    visible: Sequence[str] | None,
    styles: Sequence[RunStyle] | None,
) -> list[dict[str, Any]]:
    styles = styles or styles_of(list(getattr(race, "keys", None) or race.labels))
    runs = []
    for run, (label, style) in enumerate(zip(race.labels, styles, strict=True)):
        entry: dict[str, Any] = {
            "label": label,
            "color": style.color,
            "dark_color": style.dark_color,
            "dash": style.dash,
            "marker": style.marker,
            "visible": visible is None or label in visible,
        }
        told_of = (race.outcomes, race.steps_to_tolerance, race.diverged_at)
        ends = [np.atleast_1d(np.asarray(array)[run]) for array in told_of]
        shows = [
            _shows(word, arrived_at, diverged_at, path, surface)
            for word, arrived_at, diverged_at, path in zip(*ends, params[run], strict=True)
        ]
        left = [step for end, step in zip(ends[0], shows, strict=True) if end == "escaped"]
        entry["leaves"] = min(left, default=None)
        if len(shows) == 1:
            word, arrived_at, diverged_at = (array[0] for array in ends)
            entry |= {"outcome": str(word), "outcome_step": shows[0], "word": WORDS[str(word)]}
            entry["told"] = told(word, arrived_at, diverged_at)
            entry["note"] = _note(word, arrived_at, shows[0])
        else:
            # counts are of the whole race, and show when it has been played
            entry |= {"outcome": None, "outcome_step": params.shape[2] - 1}
            entry |= {"counts": list(counted(ends[0]).items()), "told": told_all(ends[0])}
        runs.append(entry)
    return runs


def _note(outcome: str, arrived_at: int, shows: int) -> str:
    """What the legend has beside an outcome's sign: the step that is told."""
    if outcome in ("converged", "left"):
        return f"{arrived_at}"
    return f"{shows}" if outcome in ("escaped", "diverged") else ""


def _shows(
    outcome: str, arrived_at: int, diverged_at: int, path: np.ndarray, surface: Surface
) -> int:
    """The state at which an outcome shows.

    An escape shows where the path leaves the window, a rest from when it no longer moves as far as
    can be seen, a leave at the end, for until then it may come back.
    """
    if outcome in ("converged", "diverged"):
        return int(arrived_at if outcome == "converged" else diverged_at)
    if outcome == "escaped":
        return leaves_window(path, surface)
    if outcome == "stationary":
        low, high = np.array([surface.xlim, surface.ylim], dtype=float).T
        moving = np.any(np.abs(path - path[-1]) > 1e-3 * (high - low), axis=1)
        return int(np.flatnonzero(moving)[-1]) + 1 if moving.any() else 0
    return len(path) - 1
