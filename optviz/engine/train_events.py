"""What a training tells while it runs, and what it leaves behind."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from optviz.specs.train import TrainSpec

Outcome: TypeAlias = Literal["running", "finished", "stopped", "diverged"]


class Downloading(NamedTuple):
    """Images are on their way to this computer."""

    kind: Literal["downloading"]
    done: int  # bytes
    total: int  # bytes; 0: not known


class Started(NamedTuple):
    """The data is loaded and the plan is known."""

    kind: Literal["started"]
    labels: list[str]
    num_steps: int  # of each run
    steps_per_epoch: int
    num_params: int
    num_train: int
    num_validation: int
    class_names: list[str]
    note: str  # on the data set


class Compiling(NamedTuple):
    """A run waits for its step to be compiled."""

    kind: Literal["compiling"]
    run: int


class Steps(NamedTuple):
    """Training losses of consecutive steps, each of its own batch, before the update."""

    kind: Literal["steps"]
    run: int
    step: int  # of the first loss, counted from 0
    losses: list[float]


class EpochEnd(NamedTuple):
    """One epoch's numbers; None where a number is not finite.

    The training numbers are means over the epoch's batches while the weights were changing; the
    validation numbers are those of the weights at the end of the epoch.
    """

    kind: Literal["epoch"]
    run: int
    epoch: int  # counted from 0
    train_loss: float | None
    train_accuracy: float | None
    val_loss: float | None
    val_accuracy: float | None
    seconds: float  # wall-clock time of training and validation, without compilation


class RunEnd(NamedTuple):
    """A run has come to its end."""

    kind: Literal["end"]
    run: int
    outcome: Outcome
    diverged_at: int  # the first step whose loss is not finite; -1: none


Event: TypeAlias = Downloading | Started | Compiling | Steps | EpochEnd | RunEnd
OnEvent: TypeAlias = Callable[[Event], None]

_KINDS: dict[str, type[Event]] = {
    "downloading": Downloading,
    "started": Started,
    "compiling": Compiling,
    "steps": Steps,
    "epoch": EpochEnd,
    "end": RunEnd,
}


def to_json(event: Event) -> dict[str, Any]:
    """An event as a JSON object; losses keep six digits, None where not finite."""
    record = event._asdict()
    if isinstance(event, Steps):
        record["losses"] = [finite(float(f"{loss:.6g}")) for loss in event.losses]
    return record


def from_json(record: dict[str, Any]) -> Event:
    """The event that `to_json` made the object from."""
    event = _KINDS[record["kind"]](**record)
    if isinstance(event, Steps):
        event = event._replace(losses=[math.nan if v is None else v for v in event.losses])
    return event


def finite(value: float) -> float | None:
    """The value, or None where JSON has no word for it."""
    return value if math.isfinite(value) else None


EPOCH_NUMBERS = ("train_loss", "train_accuracy", "val_loss", "val_accuracy", "seconds")


@dataclass
class RunResult:
    """One optimizer's part of a training."""

    label: str
    losses: list[float] = field(default_factory=list)  # one per step
    epochs: list[EpochEnd] = field(default_factory=list)
    outcome: Outcome = "running"
    diverged_at: int = -1


@dataclass
class TrainResult:
    """Everything that a training has told so far, put together from its events."""

    spec: TrainSpec
    runs: list[RunResult]
    started: Started | None = None

    @classmethod
    def empty(cls, spec: TrainSpec) -> TrainResult:
        return cls(spec, [RunResult(label) for label in spec.labels])

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data: each run's numbers by epoch, and the spec that repeats it alone."""
        spec = self.spec.to_json()
        return {
            "runs": [
                {
                    "label": run.label,
                    "spec": {**spec, "runs": [text]},
                    "outcome": run.outcome,
                    "diverged_at": run.diverged_at,
                    "epochs": [
                        {name: getattr(epoch, name) for name in EPOCH_NUMBERS}
                        for epoch in run.epochs
                    ],
                }
                for run, text in zip(self.runs, spec["runs"], strict=True)
            ]
        }

    def add(self, event: Event) -> None:
        """Take in the next event."""
        if isinstance(event, Started):
            self.started = event
        elif isinstance(event, Steps):
            self.runs[event.run].losses.extend(event.losses)
        elif isinstance(event, EpochEnd):
            self.runs[event.run].epochs.append(event)
        elif isinstance(event, RunEnd):
            self.runs[event.run].outcome = event.outcome
            self.runs[event.run].diverged_at = event.diverged_at
