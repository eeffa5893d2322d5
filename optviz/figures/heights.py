"""Losses as heights: on a map and on an axis, the same in the player and in still pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from optviz.analysis.race.record import RaceRecord
from optviz.catalog import knobs
from optviz.surfaces import Surface

DEEPEST = 1e-20  # of the highest value: a log axis reaches no lower, 10⁻³⁰⁰ would flatten the rest
_LOWEST_BAND = 1e-6  # of the highest: on a log map what is lower shares one band
_ROUNDING = 4e-6  # of the minimum: by so much float32 may pass below it


def map_heights(losses: np.ndarray, scale: str, lowest: float | None) -> np.ndarray:
    """A surface over its window from 0, the lowest band of a map, to 1, the highest.

    Whatever the losses are, 10⁸ with a hair of relief or 10²⁹⁰, equal steps are equal bands.

    Args:
        losses: what is not finite becomes NaN.
        scale: "log": equal ratios above the lowest loss, so that a valley's floor has lines too;
            "linear": equal differences.
        lowest: the surface's lower bound, if it has one.
    """
    finite = np.isfinite(losses)
    if not finite.any():
        return np.full(losses.shape, np.nan)
    half = np.where(finite, losses, np.nan) / 2  # the difference of two large numbers has room
    low = float(np.nanmin(half))
    if scale == "log" and lowest is not None and np.isfinite(lowest):
        low = min(low, lowest / 2)
    above = half - low
    high = float(np.nanmax(above))
    if not high > 0:
        return np.where(finite, 0.5, np.nan)  # flat
    if scale == "linear":
        return above / high
    # below the rounding of the losses themselves there is only noise
    rounding = np.finfo(float).eps * float(np.nanmax(np.abs(half)))
    bottom = max(float(np.quantile(above[finite], 0.002)), high * _LOWEST_BAND, rounding)
    if bottom >= high:
        return np.where(above >= high, 1.0, np.where(finite, 0.0, np.nan))
    return np.log(np.maximum(above, bottom) / bottom) / np.log(high / bottom)


class LossAxis(NamedTuple):
    """Losses as their curves show them."""

    values: np.ndarray  # shaped like the losses
    title: str
    label: str
    log: bool


def loss_axis(losses: np.ndarray, minimum: float | None) -> LossAxis:
    """The losses above the minimum, on a log axis where none of them lies below its zero.

    Where no minimum is known and the losses differ by a hair of their size, they are shown above
    the lowest of them: on an axis of their own nothing would be seen.

    Args:
        losses: what is not finite is left out of account.
        minimum: f*, if known; −∞ is none to measure from.
    """
    finite = losses[np.isfinite(losses)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if (
        minimum is not None
        and np.isfinite(minimum)
        and low >= minimum - _ROUNDING * max(1.0, abs(minimum))
    ):
        above = np.where(np.isfinite(losses), np.maximum(losses - minimum, 0), losses)
        if minimum:
            return LossAxis(above, "Loss above the minimum", "loss − f*", True)
        return LossAxis(above, "Loss", "loss", True)
    if 0 < high - low < 1e-4 * max(abs(low), abs(high)):
        return LossAxis(losses - low, "Loss above the lowest", "loss − lowest", True)
    return LossAxis(losses, "Loss", "loss", low >= 0)


class Curve(NamedTuple):
    """One run's curves on an axis that all runs share."""

    values: np.ndarray  # (num_starts, num_points)
    wild: bool = False  # it diverged, and may leave the axis upwards
    leaves: int | None = None  # the point after which it may leave it downwards


def race_curves(race: RaceRecord, values: np.ndarray, *, runs_off: bool = True) -> list[Curve]:
    """Numbers of a race, a row a run, with what is to be left out of their axis.

    Args:
        race: whose outcomes tell that.
        values: (R, N) or (R, S, N).
        runs_off: whether runs that diverge or escape may leave the axis.
    """
    rows = [row.reshape(-1, values.shape[-1]) for row in values]
    if not runs_off:
        return list(map(Curve, rows))
    found = []
    for row, params, outcomes in zip(rows, race.params, race.outcomes, strict=True):
        escaped = np.flatnonzero(np.atleast_1d(outcomes) == "escaped")
        paths = params.reshape(-1, *params.shape[-2:])
        leaves = min((leaves_window(paths[i], race.surface) for i in escaped), default=None)
        wild = bool(np.any(outcomes == "diverged"))
        found.append(Curve(row, wild, leaves))
    return found


def leaves_window(path: np.ndarray, surface: Surface) -> int:
    """The first state of a path outside the window, else its last."""
    low, high = np.array([surface.xlim, surface.ylim], dtype=float).T
    outside = np.any((path < low) | (path > high), axis=1)
    return int(outside.argmax()) if outside.any() else len(path) - 1


def axis_range(curves: Sequence[Curve], log: bool) -> tuple[float, float]:
    """What an axis covers: everything, but for runs that run off, as in the player.

    A run that diverges may grow tenfold past all others and then leaves the picture, one that
    escapes leaves it where its path left the map: 10¹² would flatten everybody else.
    """
    low, high, tame = np.inf, -np.inf, -np.inf
    for values, wild, leaves in curves:
        until = values.shape[-1] if leaves is None else leaves + 1
        low, high = _widened(low, high, values[:, :until], log)
        seen = values[:, :1] if wild else values[:, :until]
        tame = max(tame, _widened(np.inf, -np.inf, seen, log)[1])
    if high < low:
        return (0.1, 10.0) if log else (0.0, 1.0)
    if np.isfinite(tame):
        high = max(low, min(high, tame * 10 if log else tame + abs(tame - low) / 2))
    if log:
        low = max(low, high * DEEPEST)
        margin = max((high / low) ** 0.05, 1.1)
        return max(low / margin, np.finfo(float).tiny), min(high * margin, 1e300)
    margin = 0.06 * (high - low) or abs(high) / 2 or 1.0
    return low - margin, high + margin


def _widened(low: float, high: float, values: np.ndarray, log: bool) -> tuple[float, float]:
    shown = values[np.isfinite(values) & (values > 0 if log else True)]
    return (min(low, shown.min()), max(high, shown.max())) if shown.size else (low, high)


def rates_are_log(rates: np.ndarray) -> bool:
    """Whether rates differ by more than a linear axis can show."""
    finite = rates[np.isfinite(rates) & (rates > 0)]
    if finite.size == 0 or np.any(rates <= 0):
        return False
    return bool(finite.max() / finite.min() > 30)


def surface_title(surface: Surface) -> str:
    """What a picture is of: a formula speaks for itself."""
    return getattr(surface, "text", None) or surface.label


def surface_heading(surface: Surface) -> str:
    """The title, with the knobs that are not at their defaults."""
    usual = type(surface)()
    changed = [
        f"{name.replace('_', ' ')} {getattr(surface, name):g}"
        for name in knobs(type(surface))
        if getattr(surface, name) != getattr(usual, name)
    ]
    return ", ".join([surface_title(surface), *changed])
