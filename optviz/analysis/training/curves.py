"""Curves of a training: what stands on the x axis, and what several seeds make together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from optviz.engine.training.events import (
    EPOCH_MEANS,
    EPOCH_NUMBERS,
    EpochEnd,
    RunResult,
    TrainResult,
)
from optviz.engine.training.track import scheduled_knobs
from optviz.engine.training.watch import replay
from optviz.specs.experiment import TrainSpec

Axis: TypeAlias = Literal["step", "epoch", "sample", "second"]
AXES: Mapping[Axis, str] = {
    "step": "steps",
    "epoch": "epochs",
    "sample": "images seen",
    "second": "seconds of training",
}
STEP_NUMBERS = ("loss", "grad_norm", "learning_rate")  # what is told of every step
TURNS = 50  # of a run, each a fraction of a second or one step
MIN_FOR_QUARTILES = 4  # seeds; of fewer, quartiles say no more than the extremes


def whole_epochs(run: RunResult) -> list[EpochEnd]:
    """The epochs that a run came to the end of; one that diverged has told a blank one last."""
    return [epoch for epoch in run.epochs if epoch.val_accuracy is not None]


def lately(run: RunResult) -> tuple[int, float]:
    """Steps and the seconds that they took in a run's last turns."""
    clocks = [(0, 0.0), *run.clocks] if len(run.clocks) < TURNS else run.clocks[-TURNS:]
    turns = np.diff(np.array(clocks), axis=0)
    steps, seconds = turns[turns[:, 0] > 0].sum(axis=0)  # no steps, but time: an older one's tests
    return int(steps), float(seconds)


def learning_rates(result: TrainResult) -> list[np.ndarray]:
    """(num_steps,) of each run; empty where a rule has none."""
    if result.started is None:
        return []
    return [learning_rate(result, index) for index in range(len(result.runs))]


def learning_rate(result: TrainResult, run: int) -> np.ndarray:
    """(num_steps,) of one run, planned steps too; empty where its rule has none."""
    if result.started is None:
        return np.empty(0)
    steps, per_epoch = result.started.num_steps[run], result.started.steps_per_epoch[run]
    asked = result.spec.members()[run].spec.resolved()
    rate = getattr(asked.optimizer, "learning_rate", None)
    schedule = asked.schedule_of("learning_rate")
    if rate is None or schedule is None:
        return np.empty(0) if rate is None else np.full(steps, rate)
    rates = scheduled_knobs(asked, steps, per_epoch)["learning_rate"]
    if schedule.sees_loss:
        losses = [epoch.val_loss for epoch in result.runs[run].epochs]
        rates = rates * replay(schedule, losses, steps, per_epoch)
    return rates


def axis(
    result: TrainResult, run: int, kind: Axis = "step", *, at: Literal["steps", "epochs"] = "steps"
) -> np.ndarray:
    """Where a run's numbers stand on the x axis.

    Args:
        result: everything told so far.
        run: index into the spec's members.
        kind: what is counted; an image counts whenever it is seen, and seconds are the run's own,
            without compilation and other runs' turns.
        at: "steps": before each step, where its loss was taken; "epochs": after each whole epoch.

    Returns:
        (steps told,) or (whole epochs,) float64.
    """
    told = result.runs[run]
    epochs = whole_epochs(told)
    if kind == "second" and at == "epochs":
        return np.array([epoch.clock for epoch in epochs])
    if result.started is None:
        return np.empty(0)
    per_epoch = result.started.steps_per_epoch[run]
    if at == "steps":
        steps = np.arange(float(len(told.losses)))
    else:
        steps = np.array([float((epoch.epoch + 1) * per_epoch) for epoch in epochs])
    if kind == "step":
        return steps
    if kind == "epoch":
        return steps / per_epoch
    if kind == "sample":  # the last batch of an epoch may be smaller
        images, batch = result.started.num_train[run], result.spec.members()[run].spec.batch_size
        return steps // per_epoch * images + np.minimum(steps % per_epoch * batch, images)
    done, seconds = np.array([(0, 0.0), *told.clocks]).T
    return np.interp(steps, done, seconds)  # after an epoch, of two clocks the later


@dataclass(frozen=True)
class Group:
    """Members that differ in their seed only."""

    label: str  # the members' own, without the seed
    arm: str
    rule: str  # the rule's key, which decides the colour
    members: tuple[int, ...]


def groups(spec: TrainSpec) -> tuple[Group, ...]:
    """The members by what they are, in the members' order."""
    found: dict[tuple[str, int], list[int]] = {}
    members = spec.members()
    for index, member in enumerate(members):
        found.setdefault(member.group, []).append(index)
    return tuple(
        Group(
            members[indices[0]].series,
            arm,
            spec.runs[run].optimizer.name,
            tuple(indices),
        )
        for (arm, run), indices in found.items()
    )


@dataclass(frozen=True)
class Spread:
    """A number over the seeds of a group; every array is (points,)."""

    group: Group
    x: np.ndarray  # in units of the axis; the median where seeds differ, as in seconds
    median: np.ndarray
    least: np.ndarray
    greatest: np.ndarray
    lower: np.ndarray | None  # quartiles; None: there are too few seeds for them
    upper: np.ndarray | None
    count: np.ndarray  # seeds that have a finite number there


def spread(
    result: TrainResult, number: str = "val_accuracy", by: Axis | None = None
) -> tuple[Spread, ...]:
    """A number's median and spread over seeds, along the run, for each group.

    The curves go as far as every seed has come. A seed that diverged does not hold them up: it
    counts as far as it went.

    Args:
        result: everything told so far.
        number: one of `EPOCH_NUMBERS` or `EPOCH_MEANS` (by epoch), or `STEP_NUMBERS` (by step).
        by: what stands on the x axis; None: epochs or steps, as the number is.

    Raises:
        ValueError: a number that is not told.
    """
    by_epoch = (*EPOCH_NUMBERS, *EPOCH_MEANS)
    if number not in (*by_epoch, *STEP_NUMBERS):
        raise ValueError(
            f"number must be one of {', '.join((*by_epoch, *STEP_NUMBERS))}, got {number!r}"
        )
    at = "epochs" if number in by_epoch else "steps"
    kind: Axis = by or ("epoch" if at == "epochs" else "step")
    found = []
    for group in groups(result.spec):
        curves = [_curve(result, member, number) for member in group.members]
        places = [axis(result, member, kind, at=at) for member in group.members]
        going = [
            len(curve)
            for curve, member in zip(curves, group.members, strict=True)
            if result.runs[member].outcome != "diverged"
        ]
        length = min(going) if going else max(map(len, curves))
        found.append(_spread(group, _padded(curves, length), _padded(places, length)))
    return tuple(found)


def _curve(result: TrainResult, run: int, number: str) -> np.ndarray:
    told = result.runs[run]
    if number == "loss":
        return np.asarray(told.losses)
    if number == "grad_norm":
        return np.asarray(told.grad_norms)
    if number == "learning_rate":
        return learning_rate(result, run)[: len(told.losses)]
    return np.array([getattr(epoch, number) for epoch in whole_epochs(told)], float)


def _padded(curves: list[np.ndarray], length: int) -> np.ndarray:
    """(curves, length), NaN where a curve is shorter or not finite."""
    out = np.full((len(curves), length), np.nan)
    for row, curve in zip(out, curves, strict=True):
        row[: len(curve)] = curve[:length]
    out[~np.isfinite(out)] = np.nan
    return out


def _spread(group: Group, values: np.ndarray, places: np.ndarray) -> Spread:
    enough = len(values) >= MIN_FOR_QUARTILES
    return Spread(
        group,
        x=quantile(places, 0.5),
        median=quantile(values, 0.5),
        least=quantile(values, 0),
        greatest=quantile(values, 1),
        lower=quantile(values, 0.25) if enough else None,
        upper=quantile(values, 0.75) if enough else None,
        count=np.isfinite(values).sum(axis=0),
    )


def quantile(values: np.ndarray, share: float) -> np.ndarray:
    """(points,) quantiles of (seeds, points) between neighbours, NaN left out.

    `np.nanquantile` takes a Python call a point: half a second for ten thousand steps.
    """
    ordered = np.sort(values, axis=0)  # NaN comes last
    count = np.isfinite(values).sum(axis=0)
    place = share * np.maximum(count - 1, 0)
    below = np.floor(place).astype(int)
    above = np.ceil(place).astype(int)
    low, high = (np.take_along_axis(ordered, i[None], axis=0)[0] for i in (below, above))
    return low + (place - below) * (high - low)
