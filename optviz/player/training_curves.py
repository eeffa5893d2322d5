"""The curves of a training, thinned to what a picture can show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from optviz.engine.training.events import RunResult, TrainResult

MAX_POINTS = 1500  # of a curve; more than there are pixels tell nothing


def stride_of(num_steps: int) -> int:
    """Steps between two points: a power of two, so that curves that grow keep their points.

    All runs of a training share it, so that their points lie at the same steps.
    """
    stride = 1
    while num_steps / stride > MAX_POINTS - 1:  # the last step is a point of its own
        stride *= 2
    return stride


def evenly(count: int, at_most: int) -> np.ndarray:
    """Indices of at most so many of `count` things, the first and the last among them."""
    return np.linspace(0, count - 1, min(count, at_most)).round().astype(int)


def smoothed(array: np.ndarray, window: int, stride: int) -> dict[str, Any]:
    """Every `stride`th step's mean over `window` steps up to it; NaN where one is not finite."""
    keep = _kept(len(array), stride)
    first, end = np.maximum(keep + 1 - window, 0), keep + 1
    # sums over overlapping parts; a running sum would carry a single NaN to the end. Where a part
    # begins before the last one ends, `reduceat` sums nothing but its first element in between.
    bounds = np.stack([first, np.minimum(end, len(array) - 1)], axis=1).ravel()
    sums = np.add.reduceat(array, bounds)[::2]
    sums[-1] = array[first[-1] :].sum()  # a part's end cannot lie past the array's last element
    return {"y": sums / (end - first), "x": _steps(keep, stride)}


def epochs(run: RunResult, name: str, steps_per_epoch: int) -> dict[str, Any]:
    """One of the numbers told at each epoch's end, and of the first weights where it is.

    The blank epoch of a run that diverged stands where that was: it never came to its end.
    """
    begun = getattr(run.begun, name, None)
    first = [] if begun is None else [(0, begun)]
    ends = [((epoch.epoch + 1) * steps_per_epoch, getattr(epoch, name)) for epoch in run.epochs]
    if run.outcome == "diverged" and ends:
        before = max((x for x, _ in [*first, *ends[:-1]]), default=-1)
        ends[-1] = (max(run.diverged_at, before + 1), ends[-1][1])
    x, values = zip(*first, *ends, strict=True) if first or ends else ((), ())
    return {"y": np.array(values, np.float64), "x": np.array(x, np.float32)}  # None: NaN


def layers(run: RunResult, values: str) -> dict[str, Any]:
    """(layers, looks) of a number told of each layer."""
    looks = run.layers
    table = np.array([getattr(look, values) for look in looks], np.float64).T
    x = np.array([look.step for look in looks], np.float32)
    return {"y": table, "x": x}


def rates(
    groups: Sequence[Sequence[int]],
    result: TrainResult,
    learning_rates: Sequence[np.ndarray],
    stride: int,
) -> list[dict[str, Any]]:
    """Each member's learning rate so far; one number where it is the same all the time."""
    found = []
    for number, group in enumerate(groups):
        told = [(i, learning_rates[i][: max(1, len(result.runs[i].losses))]) for i in group]
        told = [(i, rate) for i, rate in told if len(rate)]  # some rules have none
        extremes = {float(value) for _, rate in told for value in (rate.min(), rate.max())}
        if len(extremes) == 1:
            found.append({"run": number, "member": told[0][0], "constant": extremes.pop()})
            continue
        for index, rate in told:
            keep = _kept(len(rate), stride)
            y, x = rate[keep], _steps(keep, stride)
            found.append({"run": number, "member": index, "y": y, "x": x})
    return found


def _kept(count: int, stride: int) -> np.ndarray:
    keep = np.arange(0, count, stride)
    return keep if keep[-1] == count - 1 else np.append(keep, count - 1)


def _steps(keep: np.ndarray, stride: int) -> np.ndarray | None:
    return keep.astype(np.float32) if stride > 1 else None
