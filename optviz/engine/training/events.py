"""What a training tells while it runs, and what it leaves behind."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from optviz.specs.experiment import TrainSpec

Outcome: TypeAlias = Literal["running", "finished", "stopped", "diverged", "failed"]
# How a run stands that has told no end, where that of its training is known.
Standing: TypeAlias = Outcome | Literal["waiting", "broken off"]


class Downloading(NamedTuple):
    """Images are on their way to this computer."""

    kind: Literal["downloading"]
    done: int  # bytes
    total: int  # bytes; 0: not known


class Started(NamedTuple):
    """The data is loaded and the plan is known; lists have one entry a run."""

    kind: Literal["started"]
    labels: list[str]
    num_steps: list[int]
    steps_per_epoch: list[int]
    num_params: list[int]
    num_train: list[int]  # images
    num_validation: list[int]
    class_names: list[str]
    note: str  # on the data set
    num_sample: list[int] | None = None  # training images that are tested; an older one: None


class Compiling(NamedTuple):
    """A run waits for its step to be compiled."""

    kind: Literal["compiling"]
    run: int


class Notice(NamedTuple):
    """Something about the whole training that whoever reads it should know."""

    kind: Literal["notice"]
    text: str  # one line


class Steps(NamedTuple):
    """Consecutive steps: of each its loss and gradient, on its own batch, before the update."""

    kind: Literal["steps"]
    run: int
    step: int  # of the first, counted from 0
    losses: list[float]
    grad_norms: list[float]  # Euclidean norm over all parameters of the data's gradient
    clock: float  # seconds that this run has taken so far, its own turns without compilation
    waited: float  # seconds of these steps in which batches were made ready


class Layers(NamedTuple):
    """A look at the layers after a step; None where a number is not finite."""

    kind: Literal["layers"]
    run: int
    step: int  # counted from 0
    names: list[str]  # of the weight arrays
    update_ratios: list[float | None]  # of the step, by weight array: norm of change over norm
    dead_names: list[str]  # of the layers whose units can die
    dead: list[float | None]  # share of their units that are zero on every image of the batch
    # by weight array: norm of the data's gradient over norm; an older one: None
    grad_ratios: list[float | None] | None = None


class Begun(NamedTuple):
    """What the first weights make of the images, as at each epoch's end; None: not finite."""

    kind: Literal["begun"]
    run: int
    train_loss: float | None
    train_accuracy: float | None
    val_loss: float | None
    val_accuracy: float | None


class EpochEnd(NamedTuple):
    """One epoch's numbers; None where a number is not finite.

    The training and the validation numbers are of the same weights, those that the rule is judged
    by at the end of the epoch, and both in test mode: neither dropout nor augmentation nor label
    smoothing, and batch norm with its running averages. The training images are a sample of fixed
    size. The means are what was seen while the weights were changing.
    """

    kind: Literal["epoch"]
    run: int
    epoch: int  # counted from 0
    train_loss: float | None
    train_accuracy: float | None
    val_loss: float | None
    val_accuracy: float | None
    seconds: float  # wall-clock time of its training, without compilation and tests
    clock: float  # seconds that this run has taken so far
    mean_loss: float | None = None  # over the epoch's images, each in its batch
    mean_accuracy: float | None = None


class RunEnd(NamedTuple):
    """A run has come to its end."""

    kind: Literal["end"]
    run: int
    outcome: Outcome
    diverged_at: int  # the first step whose loss is not finite; -1: none


Event: TypeAlias = (
    Downloading | Started | Compiling | Notice | Begun | Steps | Layers | EpochEnd | RunEnd
)
OnEvent: TypeAlias = Callable[[Event], None]

_KINDS: dict[str, type[Event]] = {
    "downloading": Downloading,
    "started": Started,
    "compiling": Compiling,
    "notice": Notice,
    "begun": Begun,
    "steps": Steps,
    "layers": Layers,
    "epoch": EpochEnd,
    "end": RunEnd,
}


_FLOAT32 = {"losses", "grad_norms"}


def to_json(event: Event) -> dict[str, Any]:
    """An event as a JSON object; float32 numbers keep all of their digits, None if not finite."""
    record = event._asdict()
    for name in _FLOAT32 & record.keys():
        record[name] = [finite(float(f"{value:.9g}")) for value in record[name]]
    return record


def from_json(record: dict[str, Any]) -> Event:
    """The event that `to_json` made the object from; of an older optviz's, what it means today."""
    if record["kind"] == "epoch" and "mean_loss" not in record:  # it told means as training's
        means = {f"mean_{name}": record[f"train_{name}"] for name in ("loss", "accuracy")}
        record = record | {"train_loss": None, "train_accuracy": None} | means
    event = _KINDS[record["kind"]](**record)
    if isinstance(event, Steps):
        lists = {name: getattr(event, name) for name in _FLOAT32}
        nan = {name: [math.nan if v is None else v for v in x] for name, x in lists.items()}
        event = event._replace(**nan)
    return event


def finite(value: float) -> float | None:
    """The value, or None where JSON has no word for it."""
    return value if math.isfinite(value) else None


TESTED_NUMBERS = ("train_loss", "train_accuracy", "val_loss", "val_accuracy")
EPOCH_NUMBERS = (*TESTED_NUMBERS, "seconds")
EPOCH_MEANS = ("mean_loss", "mean_accuracy")


def _numbers(told: Begun | EpochEnd, names: Sequence[str]) -> dict[str, float | None]:
    return {name: getattr(told, name) for name in names}


@dataclass
class RunResult:
    """One run's part of a training."""

    label: str
    losses: list[float] = field(default_factory=list)  # one per step
    grad_norms: list[float] = field(default_factory=list)  # one per step
    clocks: list[tuple[int, float]] = field(default_factory=list)  # (steps done, seconds taken)
    waited: float = 0.0  # seconds in which batches were made ready
    layers: list[Layers] = field(default_factory=list)
    begun: Begun | None = None
    epochs: list[EpochEnd] = field(default_factory=list)
    outcome: Standing = "running"
    diverged_at: int = -1


@dataclass
class TrainResult:
    """Everything that a training has told so far, put together from its events."""

    spec: TrainSpec
    runs: list[RunResult]
    started: Started | None = None
    notices: list[str] = field(default_factory=list)

    @classmethod
    def empty(cls, spec: TrainSpec) -> TrainResult:
        return cls(spec, [RunResult(label) for label in spec.labels])

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data: each run's numbers by epoch, and the spec that repeats it alone.

        Losses and accuracies, in [0, 1], are of the weights at each epoch's end, in test mode (see
        `EpochEnd`); training's are of `num_sample` images, None where an older optviz did not test
        any. `seconds` are those of training.
        """
        return {
            "runs": [
                {
                    "label": run.label,
                    "spec": TrainSpec.of(member.spec).to_json(),
                    "outcome": run.outcome,
                    "diverged_at": run.diverged_at,
                    "num_sample": num_sample,
                    "start": run.begun and _numbers(run.begun, TESTED_NUMBERS),
                    "epochs": [_numbers(epoch, EPOCH_NUMBERS) for epoch in run.epochs],
                }
                for run, member, num_sample in zip(
                    self.runs, self.spec.members(), self.num_sample, strict=True
                )
            ]
        }

    @property
    def num_sample(self) -> list[int | None]:
        """Training images that are tested, of each run; None: not known, or none."""
        told = self.started.num_sample if self.started else None
        return [None] * len(self.runs) if told is None else [*told]

    def add(self, event: Event) -> None:
        """Take in the next event."""
        if isinstance(event, Started):
            self.started = event
        elif isinstance(event, Begun):
            self.runs[event.run].begun = event
        elif isinstance(event, Notice):
            self.notices.append(event.text)
        elif isinstance(event, Steps):
            run = self.runs[event.run]
            run.losses.extend(event.losses)
            run.grad_norms.extend(event.grad_norms)
            run.clocks.append((len(run.losses), event.clock))
            run.waited += event.waited
        elif isinstance(event, Layers):
            self.runs[event.run].layers.append(event)
        elif isinstance(event, EpochEnd):
            run = self.runs[event.run]
            run.epochs.append(event)
            run.clocks.append((len(run.losses), event.clock))
        elif isinstance(event, RunEnd):
            self.runs[event.run].outcome = event.outcome
            self.runs[event.run].diverged_at = event.diverged_at
