"""What finite differences say about a gradient: that it is right, or wrong, or nothing.

Nothing is the answer where the loss has no gradient (at a kink JAX gives one of the slopes between
those of both sides, and at a jump that of one side), and where rounding hides what would decide.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optviz.analysis.gradient.evidence import Evidence
from optviz.analysis.gradient.extrapolation import SEEN, Line, Slopes, slopes_of

RIGHT, WRONG, CANNOT_TELL = VERDICTS = ("right", "wrong", "cannot tell")
AGREE = 1e-6  # share of the slope by which it may differ from the differences' and be right
BLUR = 2.5e-4  # share of the slope by which the differences may be unsure and still decide
SURE = 3.0  # times the radius of an estimate
ZERO = 1e-10  # a slope of zero is shown down to this share of the slopes around the point
ONE_SIDED = 0.01  # share of the slope by which each side's own estimate may be unsure
NOTHING = 100  # times the change of a loss that underflow could hide
OCTAVES = 8  # over which the gap between both sides shows whether it shrinks with h
SHRUNK = 1e-6  # share of the slopes around the point to which a gap must have shrunk, if slowly
NEAREST, FARTHEST, ENOUGH = 5, 13, 6  # octaves below the step of an estimate: see `_persists`
FINE = 1e-9  # of the size of the coordinates: coarser detail of a loss does not hide in rounding


@dataclass(frozen=True)
class Finding:
    """What differences say about the gradient along one line.

    Attributes:
        numeric: the slope by differences, give or take `uncertainty`, from steps up to `h`.
        verdict: one of VERDICTS.
        why: in words that follow the place; "" where it is right.
        smooth: whether the loss has a slope there, as far as its values show.
    """

    numeric: float
    uncertainty: float
    h: float
    verdict: str
    why: str = ""
    smooth: bool = True


def measured(evidence: Evidence) -> tuple[Slopes, ...]:
    """What the losses alone say, line by line."""
    rows = range(len(evidence.names))
    return tuple(slopes_of(evidence.line(row), evidence.size) for row in rows)


def judge(
    evidence: Evidence, slopes: tuple[Slopes, ...] | None = None
) -> tuple[str, str, tuple[Finding, ...]]:
    """The verdict on a gradient, why (in words that follow the place), and that of each line.

    Args:
        evidence: losses and slopes.
        slopes: what `measured` says about it, where that is known.
    """
    found = measured(evidence) if slopes is None else slopes
    findings = tuple(_judge(evidence, row, of) for row, of in enumerate(found))
    if not np.isfinite(evidence.here):
        return CANNOT_TELL, f": the loss is {evidence.here}", findings
    # Where there is no gradient none is wrong; and one wrong slope makes a gradient wrong.
    deciding = [
        next((f for f in findings if not f.smooth), None),
        next((f for f in findings if f.verdict == WRONG), None),
        next((f for f in findings if f.verdict == CANNOT_TELL), None),
    ]
    for finding in deciding:
        if finding is not None:
            return finding.verdict, finding.why, findings
    off = [abs(exact - f.numeric) for exact, f in zip(evidence.slopes, findings, strict=True)]
    if not np.any(evidence.slopes):
        shown = max(by + f.uncertainty for by, f in zip(off, findings, strict=True))
        return RIGHT, f": gradient and differences agree that it is zero, to {shown:.1e}", findings
    largest = np.max(np.abs(evidence.slopes))  # squares of large slopes would overflow
    share = max(off) / largest / np.linalg.norm(evidence.slopes / largest)
    why = f": gradient and differences differ by at most {share:.1e} of the gradient's length"
    return RIGHT, why, findings


def _judge(evidence: Evidence, row: int, slopes: Slopes) -> Finding:
    exact, along = float(evidence.slopes[row]), f"along {evidence.names[row]}"
    says = f": {along} the gradient says {exact:.6g}"
    if evidence.independent[row]:
        verdict, why = (RIGHT, "") if exact == 0 else (WRONG, f"{says}, the loss does not change")
        return Finding(0.0, 0.0, float(evidence.h[-1]), verdict, why)
    line = evidence.line(row)
    numeric, h = slopes.central.value, slopes.central.h
    unsure = SURE * slopes.central.radius
    if why := _no_slope(line, slopes, along):
        return Finding(numeric, unsure, h, CANNOT_TELL, why, smooth=False)

    says += f", differences say {numeric:.6g} ± {unsure:.1g}"
    reference = evidence.references[row]
    if not np.isfinite(exact):
        shown = unsure <= max(BLUR * abs(numeric), ZERO * slopes.steepest)
        return Finding(numeric, unsure, h, WRONG if shown else CANNOT_TELL, says)
    if evidence.single[row]:
        reference = max(reference, abs(numeric))
    off = abs(exact - numeric)
    sides = SURE * (slopes.left.radius + slopes.right.radius)
    if off > max(unsure, AGREE * reference, sides):
        shown = slopes.moves or off * FINE * evidence.size >= 2 * evidence.rounding_here[row]
        nearest = NEAREST if off > 2**NEAREST * unsure / SURE else 0
        if not shown:
            says = f": {along} the loss moves no more than its rounding"
        elif _persists(evidence, row, numeric, h, nearest):
            return Finding(numeric, unsure, h, WRONG, says)
        else:
            says = f": {along} the gradient changes faster than the loss shows beside its rounding"
    elif off > max(unsure, AGREE * reference):
        pass  # a kink too weak to be seen could make the difference
    elif unsure <= BLUR * reference and sides <= max(ONE_SIDED * reference, BLUR * slopes.steepest):
        return Finding(numeric, unsure, h, RIGHT)
    elif exact == 0:
        nothing = AGREE * np.max(evidence.references) if evidence.many else 0.0
        if unsure <= max(ZERO * slopes.steepest, NOTHING * evidence.floor / h, nothing):
            return Finding(numeric, unsure, h, RIGHT)
        if not slopes.moves:
            says = f"{says}: the loss moves no more than its rounding"
    return Finding(numeric, unsure, h, CANNOT_TELL, says)


def _no_slope(line: Line, slopes: Slopes, along: str) -> str:
    """How the loss has no slope that its values show; "" where it has one."""
    with np.errstate(invalid="ignore", over="ignore"):
        gap, hidden = slopes.gap, SEEN * slopes.gap_rounding
        seen = (gap > hidden) & np.isfinite(gap)
    runs = np.flatnonzero(np.convolve(seen, np.ones(OCTAVES + 1), "valid") > OCTAVES)
    if runs.size:
        low = int(runs[0])  # below it rounding hides the gap, or there is none
        first, last = gap[low], gap[low + OCTAVES]
        below = gap[low - 1] + hidden[low - 1] if low else np.nan
        at_point = not below < 0.3 * first
        within = f" there or within {line.h[low]:.0e} of it" if low and np.isfinite(below) else ""
        if at_point and first > 30 * last:  # as 1/h
            jump = first * line.h[low]
            return f" is not continuous{within}: {along} it jumps by {jump:.4g}"
        apart = SURE * (slopes.left.radius + slopes.right.radius)
        meet = abs(slopes.right.value - slopes.left.value) <= apart < np.inf
        if at_point and not meet and last < 3 * first:
            shown = low + OCTAVES // 2  # where rounding no longer blurs them
            left = (line.here - line.behind[shown]) / line.h[shown]
            right = (line.ahead[shown] - line.here) / line.h[shown]
            digits = 4 if first > 1e-3 * max(abs(left), abs(right)) else 9
            return (
                f" is not differentiable{within}: {along} the slope is {left:.{digits}g} from the "
                f"left and {right:.{digits}g} from the right"
            )
        if not meet and first > SHRUNK * slopes.steepest:
            return f": {along} the slopes from both sides do not meet at any h that shows them"
    if np.isfinite(slopes.central.radius):
        return ""
    if not np.isfinite(line.ahead).any() or not np.isfinite(line.behind).any():
        return f": {along} the loss is finite on one side at most, down to h = {line.h[0]:.0e}"
    return f": {along} differences settle at no slope"


def _persists(evidence: Evidence, row: int, numeric: float, h: float, nearest: int) -> bool:
    """Whether the gradient keeps its distance from the differences all the way to the point.

    A gradient that is right, of a loss with detail below its rounding, does not: beside the point
    it is now above, now below. Or it lies there where the differences are, so that the one at the
    point is out of line: a slope has no gap.
    """
    at = int(np.argmin(np.abs(np.log(evidence.h / h))))
    octaves = np.flatnonzero(evidence.moves[row] & (np.arange(evidence.h.size) <= at - nearest))

    def shares(octaves: np.ndarray) -> np.ndarray:
        steps = evidence.h[octaves]
        with np.errstate(invalid="ignore", over="ignore"):
            ahead, behind = (evidence.slopes_at(row, side * steps) for side in (1.0, -1.0))
            return ((ahead + behind) / 2 - numeric) / (evidence.slopes[row] - numeric)

    if octaves.size < ENOUGH:
        return False
    near = shares(octaves[-FARTHEST:])
    if np.all((near > 0.5) & (near < 2)):
        return True
    return bool(np.all(np.abs(near) < 0.1) and np.all(np.abs(shares(octaves)) < 0.1))
