"""Lists that grow, as arrays: only what is new is converted at every look."""

from __future__ import annotations

import weakref
from dataclasses import dataclass

import numpy as np

from optviz.engine.training.events import RunResult


@dataclass
class _Kept:
    buffer: np.ndarray
    count: int
    last: float | None  # the very object that was converted last


_KEPT: dict[int, dict[str, _Kept]] = {}  # by the run's identity, as long as the run lives


def array_of(run: RunResult, name: str) -> np.ndarray:
    """(n,) float64: one of the run's lists with a number for each step.

    A list that was made anew or cut in between is told from one that has grown by its elements:
    the object that was converted last is no longer where it was.
    """
    values: list[float] = getattr(run, name)
    if id(run) not in _KEPT:
        _KEPT[id(run)] = {}
        weakref.finalize(run, _KEPT.pop, id(run), None)
    kept = _KEPT[id(run)].setdefault(name, _Kept(np.empty(0), 0, None))
    grown = kept.count <= len(values) and (not kept.count or values[kept.count - 1] is kept.last)
    if not grown:
        kept.count = 0
    if len(values) > len(kept.buffer):
        room = np.empty(max(1024, 2 * len(values)))
        room[: kept.count] = kept.buffer[: kept.count]
        kept.buffer = room
    new = len(values) - kept.count
    if new:
        kept.buffer[kept.count : len(values)] = np.fromiter(values[kept.count :], float, new)
        kept.count, kept.last = len(values), values[-1]
    return kept.buffer[: kept.count]
