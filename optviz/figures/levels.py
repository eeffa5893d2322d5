"""Where contour lines are drawn."""

from __future__ import annotations

import numpy as np


def contour_levels(
    losses: np.ndarray, scale: str, lowest: float | None, count: int = 22
) -> np.ndarray:
    """Increasing heights for contour lines.

    Args:
        losses: the surface over its window; what is not finite is left out.
        scale: "log": equal ratios above the lowest loss, so that a valley's floor has lines too;
            "linear": equal differences.
        lowest: the surface's lower bound, if it has one.
        count: how many.
    """
    finite = losses[np.isfinite(losses)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if high <= low:
        return np.array([low - 0.5, low + 0.5])
    if scale == "linear":
        return np.linspace(low, high, count)
    base = low if lowest is None or not np.isfinite(lowest) else min(lowest, low)
    above = np.quantile(finite - base, 0.002)
    return base + np.geomspace(max(above, (high - base) * 1e-6), high - base, count)
