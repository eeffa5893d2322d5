"""One run of a training as the checks for bad signs see it."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from optviz.analysis.training.curves import whole_epochs
from optviz.engine.training.events import EpochEnd, TrainResult

Severity: TypeAlias = Literal["error", "warning", "info"]

# A window is a quarter of the steps so far: long enough for noise, short enough to follow.
MIN_WINDOW, MAX_WINDOW = 10, 200  # steps
JUDGED_FROM, JUDGED_AFTER = 40, 500  # steps: judged after an epoch or 500 steps, never before 40


class Finding(NamedTuple):
    """What one run shows."""

    step: int  # since when
    text: str  # no full stop
    advice: str
    extent: float  # how far; the run with the greatest speaks for those with the same sign
    severity: Severity = "warning"


class View:
    """One run as it stands, with the cuts that several checks take."""

    def __init__(self, result: TrainResult, index: int) -> None:
        self.result, self.index = result, index
        self.run, self.member = result.runs[index], result.spec.members()[index]
        self.label, self.spec = self.run.label, self.member.spec
        self.epochs: list[EpochEnd] = whole_epochs(self.run)
        self.steps = len(self.run.losses)
        started = result.started
        self.tested = (
            (started.num_sample[index], started.num_validation[index])
            if started and started.num_sample
            else ()
        )
        self.per_epoch = result.started.steps_per_epoch[index] if result.started else 1
        self.window = min(max(self.steps // 4, MIN_WINDOW), MAX_WINDOW)
        self.judged = self.steps >= max(min(self.per_epoch, JUDGED_AFTER), JUDGED_FROM)
        self.first = np.asarray(self.run.losses[: self.window])
        self.last = np.asarray(self.run.losses[-self.window :])

    @property
    def still_high(self) -> bool:
        """Whether the loss is more than half of what it was, so that there is much to learn."""
        return self.judged and self.last.mean() > self.first.mean() / 2

    def end(self, epoch: EpochEnd) -> int:
        """Steps done when an epoch ended."""
        return (epoch.epoch + 1) * self.per_epoch
