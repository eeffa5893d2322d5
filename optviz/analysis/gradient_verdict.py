"""What finite differences say about a gradient: right, wrong, or that there is none."""

from __future__ import annotations

import numpy as np

from optviz.analysis.probes import Probe

STEPS = 10.0 ** np.arange(-15, 0.001, 0.25)  # h, four a decade
VERDICTS = ("right", "wrong", "not differentiable", "not finite")
AGREE = 1e-6  # share of the slope by which float64 values may differ
FAR, KINK = 8, 0.5  # one-sided slopes whose gap keeps this share while h shrinks 100-fold: a kink


def differences(losses: np.ndarray) -> dict[str, np.ndarray]:
    """Difference quotients (num_lines, num_steps), from losses at 0, h and −h."""
    here, ahead, behind = losses[:, :1], *np.split(losses[:, 1:], 2, axis=1)
    with np.errstate(invalid="ignore"):  # inf − inf
        return {"forward": (ahead - here) / STEPS, "central": (ahead - behind) / (2 * STEPS)}


def agreed(central: np.ndarray, size: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each line: the quotient whose neighbours in h agree with it best, its h, their spread."""
    eps = np.finfo(np.float64).eps
    middle = np.flatnonzero((eps ** (2 / 3) * size < STEPS) & (eps ** (1 / 6) * size > STEPS))
    middle = np.unique(np.clip(middle if middle.size else [STEPS.size], 1, STEPS.size - 2))
    around = np.stack([central[:, middle + shift] for shift in (-1, 0, 1)])
    finite = np.isfinite(around).all(axis=0)
    around = np.where(finite, around, 0.0)
    spread = np.where(finite, around.max(axis=0) - around.min(axis=0), np.inf)
    best = spread.argmin(axis=1)
    rows = np.arange(len(central))
    return central[rows, middle[best]], STEPS[middle[best]], spread[rows, best]


def judge(
    probe: Probe,
    losses: np.ndarray,
    exact: np.ndarray,
    numeric: np.ndarray,
    spread: np.ndarray,
    chosen: np.ndarray,
) -> tuple[str, str]:
    """The verdict on a gradient, and why, in one line."""
    here = losses[0, 0]
    where = f"{probe.label} at {probe.place}"
    if not np.isfinite(here):
        return "not finite", f"{where}: the loss is {here}"
    if (kink := _kink(losses, probe)) is not None:
        return "not differentiable", f"{where} {kink}"
    if not np.isfinite(exact).all():
        line = int(np.argmin(np.isfinite(exact)))
        return "not finite", f"{where}: the slope along {probe.names[line]} is {exact[line]}"
    if not np.isfinite(numeric).all() or not np.isfinite(spread).all():
        return "not finite", f"{where}: the loss is not finite beside the point"
    rounding = np.finfo(np.float64).eps * np.abs(here) / chosen
    size = np.maximum(np.abs(exact), np.abs(numeric))
    allowed = np.maximum(AGREE * size, 10 * spread + 100 * rounding)
    off = np.abs(exact - numeric)
    if np.any(off > allowed):
        line = int(np.argmax(off / allowed))
        return "wrong", (
            f"{where}: along {probe.names[line]} the gradient says {exact[line]:.6g}, "
            f"differences say {numeric[line]:.6g}"
        )
    worst = float(np.max(off / np.maximum(np.linalg.norm(exact), 1e-300)))
    text = f"differ by at most {worst:.1e} of the gradient's length"
    if not np.any(exact):
        text = f"agree that it is zero, to {np.max(off):.1e}"
    return "right", f"{where}: gradient and central differences in float64 {text}"


def _kink(losses: np.ndarray, probe: Probe) -> str | None:
    """How the loss fails to be differentiable at the point, in words; None: it is smooth.

    Where the loss is smooth the gap between its one-sided slopes shrinks with h.
    """
    eps = np.finfo(np.float64).eps
    here, ahead, behind = losses[:, :1], *np.split(losses[:, 1:], 2, axis=1)
    with np.errstate(invalid="ignore"):  # inf − inf
        left, right = (here - behind) / STEPS, (ahead - here) / STEPS
        gap = np.abs(right - left)
    first = int(np.argmin(np.abs(np.log(STEPS / (np.sqrt(eps) * probe.size)))))
    # Beside a large loss a kink shows only at a larger h, where rounding no longer hides it.
    for near in (first, first + 4, first + 8):
        far = near + FAR
        if far >= STEPS.size:
            break
        noise = 100 * eps * np.abs(losses[:, [0, near + 1]]).max(axis=1) / STEPS[near]
        steepest = np.maximum(np.abs(left), np.abs(right))[:, near]
        sharp = (gap[:, near] > np.maximum(noise, 1e-7 * steepest)) & (
            gap[:, near] > KINK * gap[:, far]
        )
        if np.any(sharp):
            line = int(np.argmax(np.where(sharp, gap[:, near], -np.inf)))
            along = f"along {probe.names[line]}"
            if gap[line, near] > 0.5 * gap[line, far] * STEPS[far] / STEPS[near]:
                return f"is not continuous: {along} it jumps by {gap[line, near] * STEPS[near]:.4g}"
            return (
                f"is not differentiable: {along} the slope is {left[line, near]:.4g} "
                f"from the left and {right[line, near]:.4g} from the right"
            )
    return None
