"""The slope of a loss along a line from its values alone, with how far it can be off.

Quotients over steps that double are extrapolated to h = 0 (Richardson; Ridders 1982,
https://doi.org/10.1016/S0141-1195(82)80057-0). Each stands with an interval: what rounding can do,
which falls with h, and what truncation does, read from the step before, which grows with h. From
the smallest step up the intervals are intersected until one contradicts those before it (Lepski's
rule), or until the loss has left the scale on which it is smooth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RATIO = 2.0  # of neighbouring steps; the weights of the extrapolation hold for this
SLACK = 2.0  # times the truncation that is read from neighbouring steps
LEVEL = 2.0  # times the least radius: as good
SEEN = 4.0  # times the rounding: what cannot be chance


@dataclass(frozen=True)
class Line:
    """A loss along a line through one point.

    Attributes:
        h: (num_steps,) steps, each `RATIO` times the one before.
        here: the loss at the point.
        ahead, behind: (num_steps,) losses at h and −h; nan where h is lost in the point's own
            rounding.
        rounding_here, rounding_ahead, rounding_behind: how far rounding can move each.
    """

    h: np.ndarray
    here: float
    ahead: np.ndarray
    behind: np.ndarray
    rounding_here: float
    rounding_ahead: np.ndarray
    rounding_behind: np.ndarray


@dataclass(frozen=True)
class Slope:
    """An estimate of a slope: `value`, give or take `radius`, from steps up to `h`."""

    value: float
    radius: float
    h: float


@dataclass(frozen=True)
class Slopes:
    """The slopes of a line from both sides together and from each, and what lies behind them.

    Attributes:
        central, left, right: the estimates; a radius of inf where there is none.
        steepest: of the one-sided quotients up to `central.h` (at most `size`), as far as
            rounding cannot have made them; 0 where none can be seen.
        moves: whether the loss visibly moves on its own scale.
        gap: (num_steps,) between the one-sided quotients, and how much of it rounding can be.
    """

    central: Slope
    left: Slope
    right: Slope
    steepest: float
    moves: bool
    gap: np.ndarray
    gap_rounding: np.ndarray


def slopes_of(line: Line, size: float = np.inf) -> Slopes:
    """What the losses along a line say about its slope at the point.

    Args:
        line: the losses.
        size: how far from the point slopes are comparable with the one at the point.
    """
    h = line.h
    with np.errstate(all="ignore"):
        both = (line.ahead - line.behind) / (2 * h)
        right, left = (line.ahead - line.here) / h, (line.here - line.behind) / h
        both_rounding = (line.rounding_ahead + line.rounding_behind) / (2 * h)
        right_rounding = (line.rounding_ahead + line.rounding_here) / h
        left_rounding = (line.rounding_behind + line.rounding_here) / h
        gap, gap_rounding = np.abs(right - left), right_rounding + left_rounding
        steep = np.maximum(
            np.abs(left) - SEEN * left_rounding, np.abs(right) - SEEN * right_rounding
        )
    moving = np.flatnonzero(np.isfinite(steep) & (steep > 0))
    # A loss that oscillates below its own rounding would pass for level at a large enough h.
    last = int(moving[-1]) + 4 if moving.size else int(np.searchsorted(h, size, side="right"))
    end = min(last, _extent(right, right_rounding), _extent(left, left_rounding))
    central = _extrapolated(both[:end], both_rounding[:end], h, (2, 4, 6))
    near = moving[(moving < end) & (h[moving] <= np.fmin(size, central.h))]
    return Slopes(
        central=central,
        left=_extrapolated(left[:end], left_rounding[:end], h, (1, 2, 3, 4)),
        right=_extrapolated(right[:end], right_rounding[:end], h, (1, 2, 3, 4)),
        steepest=float(np.max(steep[near], initial=0.0)),
        moves=bool(np.any(moving < end)),
        gap=gap,
        gap_rounding=gap_rounding,
    )


def _extent(quotients: np.ndarray, rounding: np.ndarray) -> int:
    """How many steps lie on the scale of the loss, where its quotient changes more with each step.

    Beyond it a loss that oscillates or levels off changes less and less, and so looks smooth again.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        change = np.append(np.nan, np.abs(np.diff(quotients)))
        plain = change > SEEN * rounding
        falls = np.append(change[1:] < change[:-1], False)
    peaks = np.flatnonzero(plain & falls)
    return int(peaks[0]) if peaks.size else len(quotients)


def _extrapolated(
    quotients: np.ndarray, rounding: np.ndarray, h: np.ndarray, powers: tuple[int, ...]
) -> Slope:
    """The best of the columns of Richardson's table; each is free of one more power of h."""
    rounding = np.where(np.isfinite(rounding), rounding, np.inf)
    found: list[Slope] = []
    for power in powers:
        if len(quotients) < 2:
            break
        weight = RATIO**power
        found += _agreed(quotients, rounding, h, SLACK * weight / (weight - 1))
        with np.errstate(all="ignore"):
            quotients = np.append(np.nan, (weight * quotients[:-1] - quotients[1:]) / (weight - 1))
            rounding = np.append(np.inf, (weight * rounding[:-1] + rounding[1:]) / (weight - 1))
    # Of equals the one from the largest step, which shows the most of the loss.
    least = min((slope.radius for slope in found), default=np.inf)
    good = [slope for slope in found if slope.radius <= LEVEL * least]
    return max(good, key=lambda slope: slope.h, default=Slope(np.nan, np.inf, np.nan))


def _agreed(
    quotients: np.ndarray, rounding: np.ndarray, h: np.ndarray, slack: float
) -> list[Slope]:
    """Of the intervals that every smaller step's interval meets the tightest and last."""
    with np.errstate(all="ignore"):
        change = np.append(np.nan, np.abs(np.diff(quotients)))
        radius = rounding + slack * change
        low, high = quotients - radius, quotients + radius
    finite = np.isfinite(radius) & np.isfinite(quotients)
    if not finite.any():
        return []
    first = int(np.argmax(finite))
    known = finite[first:]
    low, high = np.where(known, low[first:], -np.inf), np.where(known, high[first:], np.inf)
    broken = ~known | (np.maximum.accumulate(low) > np.minimum.accumulate(high))
    end = first + (int(np.argmax(broken)) if broken.any() else broken.size)
    near = np.flatnonzero(radius[first:end] <= LEVEL * np.min(radius[first:end]))
    at = first + int(near[-1])
    return [Slope(float(quotients[at]), float(radius[at]), float(h[at]))]
