"""Curves of very many steps: of as many as share a pixel only the extremes travel."""

from __future__ import annotations

from typing import Any

import numpy as np

from optviz.player.pack import exact

MAX_POINTS = 16_384  # of a curve or of a single trail; no screen has as many columns


def thinned(*lines: np.ndarray) -> tuple[list[np.ndarray], np.ndarray | None]:
    """Lines of numbers as a picture needs them: of very many steps the extremes.

    Args:
        lines: (n,) or (starts, n), the first of which decides.

    Returns:
        The lines at the steps that are kept: the first, the last, and where the first line is
        lowest and highest of as many steps as make `MAX_POINTS` in all; and these steps (None: all
        are), which are whole and rise.
    """
    count = lines[0].shape[-1]
    if width_of(count) == 1:
        return list(lines), None
    decides = np.median(np.atleast_2d(lines[0]), axis=0)
    width = width_of(count)
    parts = count // width
    body = decides[: parts * width].reshape(parts, width)
    firsts = width * np.arange(parts)
    low, high = (
        firsts + pick(np.nan_to_num(body, nan=hole), axis=1)
        for pick, hole in ((np.argmin, np.inf), (np.argmax, -np.inf))
    )
    rest = np.arange(parts * width, count)
    steps = np.unique(np.concatenate([[0], low, high, rest, [count - 1]]))
    return [line[..., steps] for line in lines], steps.astype(np.float32)


def width_of(count: int) -> int:
    """How many steps share two points of a curve; 1: all steps are points."""
    return 1 if count <= MAX_POINTS else -(-2 * count // MAX_POINTS)


def series(run: int, *lines: np.ndarray) -> dict[str, Any]:
    """A curve's line and, where it has one, the band around it, thinned."""
    (y, *band), steps = thinned(*lines)
    found: dict[str, Any] = {"run": run, "y": exact(y)}
    if band:
        found["band"] = [exact(part) for part in band]
    return found if steps is None else found | {"x": steps}
