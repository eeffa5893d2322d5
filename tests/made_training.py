"""Trainings whose numbers are made up, event by event, as an engine would tell them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from optviz.data import Synthetic
from optviz.engine.training.events import EpochEnd, Layers, RunEnd, Started, Steps, TrainResult
from optviz.networks import MLP
from optviz.specs.experiment import TrainSpec
from optviz.specs.run import Run

SPEC = TrainSpec(
    Synthetic(num_train=1000, num_test=100),
    MLP(hidden="8"),
    (Run.parse("sgd"),),
    epochs=3,
    batch_size=20,
)
NUM_TRAIN, PER_EPOCH = 990, 50  # the last batch of an epoch has 10 images


def spec(*runs: str, **fields) -> TrainSpec:
    return replace(SPEC, runs=tuple(map(Run.parse, runs)), **fields)


def falling(
    steps: int, *, start: float = 2.3, end: float = 0.5, noise: float = 0.05, seed: int = 0
):
    """(steps,) losses that fall geometrically under noise."""
    rng = np.random.default_rng(seed)
    return np.geomspace(start, end, steps) * (1 + noise * rng.standard_normal(steps))


def started(asked: TrainSpec) -> TrainResult:
    """A training that has told its plan."""
    result, count = TrainResult.empty(asked), len(asked.labels)
    result.add(
        Started(
            "started",
            labels=list(asked.labels),
            num_steps=[PER_EPOCH * asked.epochs] * count,
            steps_per_epoch=[PER_EPOCH] * count,
            num_params=[1000] * count,
            num_train=[NUM_TRAIN] * count,
            num_validation=[1000] * count,
            class_names=[f"class {i}" for i in range(10)],
            note="made up",
            num_sample=[NUM_TRAIN] * count,
        )
    )
    return result


def tell(
    result: TrainResult,
    run: int = 0,
    losses: Sequence[float] | np.ndarray | None = None,
    *,
    grad_norms: Sequence[float] | np.ndarray | None = None,
    val_losses: Sequence[float | None] | None = None,
    train_losses: Sequence[float] | None = None,
    val_accuracies: Sequence[float] | None = None,
    train_accuracies: Sequence[float] | None = None,
    step_seconds: float = 0.01,
    waited: float = 0.0,
    ratio: float = 1e-3,
    dead: float = 0.0,
    faded: float = 0.1,
    diverges: bool = False,
) -> TrainResult:
    """Tell a run: in turns of ten steps, with an epoch's end wherever one is reached."""
    losses = falling(PER_EPOCH * result.spec.epochs) if losses is None else np.asarray(losses)
    norms = np.ones(len(losses)) if grad_norms is None else np.asarray(grad_norms)
    clock = 0.0
    for first in range(0, len(losses), 10):
        part = slice(first, first + 10)
        count = len(losses[part])
        clock += step_seconds * count
        told = losses[part].tolist(), norms[part].tolist()
        result.add(Steps("steps", run, first, *told, clock, waited * step_seconds * count))
        names, layers = ["hidden_0", "output"], ["hidden_0"]
        result.add(Layers("layers", run, first, names, [1e-3, ratio], layers, [dead], [faded, 1.0]))
        if (first + count) % PER_EPOCH == 0:
            epoch = (first + count) // PER_EPOCH - 1
            mean = float(losses[epoch * PER_EPOCH : (epoch + 1) * PER_EPOCH].mean())
            numbers = (
                train_losses[epoch] if train_losses else mean,
                train_accuracies[epoch] if train_accuracies else 0.3 + 0.1 * epoch,
                val_losses[epoch] if val_losses else mean,
                val_accuracies[epoch] if val_accuracies else 0.3 + 0.1 * epoch,
            )
            seconds = step_seconds * PER_EPOCH
            seen = mean, numbers[1]
            result.add(EpochEnd("epoch", run, epoch, *numbers, seconds, clock, *seen))
    if diverges:
        epoch = len(losses) // PER_EPOCH
        result.add(EpochEnd("epoch", run, epoch, None, None, None, None, 0.0, clock))
        result.add(RunEnd("end", run, "diverged", len(losses)))
    elif len(losses) == PER_EPOCH * result.spec.epochs:
        result.add(RunEnd("end", run, "finished", -1))
    return result
