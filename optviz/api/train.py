"""Training networks, with the same rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from optviz.api.arguments import (
    AnyOptimizer,
    AnySchedule,
    as_float,
    as_plain,
    as_runs,
    common_schedule,
    with_schedules,
)
from optviz.engine.training.events import Event, TrainResult
from optviz.networks import NETWORKS, Network
from optviz.runs.training import parse_data, run_training
from optviz.specs import Budget, parse_entry
from optviz.specs.budget import TRAINING
from optviz.specs.experiment import TrainSpec


def train(
    data: str | Path | Any,
    network: str | Network,
    optimizers: Sequence[AnyOptimizer] | Mapping[str, AnyOptimizer],
    *,
    epochs: int,
    batch_size: int = 128,
    schedule: AnySchedule | Mapping[str, Any] | None = None,
    seed: int = 0,
    seeds: int = 1,
    vary: str | Sequence[str] = (),
    grid: bool = False,
    limit: int | None = None,
    validation: float | None = None,
    loss: str = "cross_entropy",
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    l2: float = 0.0,
    weight_decay: float = 0.0,
    decay_on: str = "all",
    normalise: str = "mean_std",
    flip: bool = False,
    crop: int = 0,
    precision: str = "float32",
    download: bool = False,
    budget: Budget = TRAINING,
    on_event: Callable[[Event], None] = lambda event: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> TrainResult:
    """Train a network with every optimizer: from the same weights, on the same batches.

    A variation of the network or of the batch size has its own, the same for every optimizer.

    `TrainSpec` says more about each setting.

    Args:
        data: `synthetic`, `cifar10`, a data set entry, or a folder with CIFAR-10's batch files.
        network: a key such as `lenet` or `mlp:hidden=256-128`, or a Network.
        optimizers: keys (each at its class's rate), Optimizers, or a mapping from label to these.
        epochs: passes over the training images.
        batch_size: images in a step.
        schedule: of the learning rate, for all; or a mapping by label.
        seed: of the weights and of the order of the images.
        seeds: how many seeds every optimizer is trained with: `seed`, `seed + 1`, …
        vary: variations of the settings, each such as `batch_size=32|64`, `network.depth=8|14` or
            `run.learning_rate=0.1|0.01`.
        grid: combine variations with each other, instead of one change at a time.
        limit: use the first so many training images only.
        validation: share of the training images to validate with; None: the test images.
        loss: a key of `optviz.networks.losses.LOSSES`.
        reduction: whether rules descend the "mean" of the batch's losses or their "sum".
        label_smoothing: share of each label that is spread over all classes, in [0, 1).
        l2: λ of the term λ/2·‖w‖² of the loss.
        weight_decay: λ of w ← w − learning_rate·λ·w beside the rule's update.
        decay_on: whether both shrink "all" parameters or "weights" alone.
        normalise: "mean_std", "mean", "mean_image" or "none".
        flip: mirror each training image half of the time.
        crop: pixels by which training images are shifted at most.
        precision: "float32" or "bfloat16", of the forward and backward pass.
        download: whether CIFAR-10 may be downloaded if it is not on this computer.
        budget: what the training may take; `optviz.Budget(gigabytes=128, seconds=1e7)` lets a
            larger one through.
        on_event: called with what happens, as it happens.
        should_stop: asked before every step.

    Raises:
        ValueError: one line with who, what is allowed and what came.
    """
    if isinstance(data, (str, Path)):
        dataset, directory = parse_data(str(data))
    else:
        dataset, directory = data, None
    spec = TrainSpec(
        dataset=dataset,
        network=parse_entry(network, NETWORKS)[0] if isinstance(network, str) else network,
        runs=as_runs(optimizers),
        epochs=as_plain(epochs),
        batch_size=as_plain(batch_size),
        schedule=common_schedule(schedule),
        seed=as_plain(seed),
        seeds=as_plain(seeds),
        vary=(vary,) if isinstance(vary, str) else tuple(vary),
        grid=as_plain(grid),
        limit=as_plain(limit),
        validation=as_float(validation),
        loss=loss,
        reduction=reduction,
        label_smoothing=as_float(label_smoothing),
        l2=as_float(l2),
        weight_decay=as_float(weight_decay),
        decay_on=decay_on,
        normalise=normalise,
        flip=as_plain(flip),
        crop=as_plain(crop),
        precision=precision,
        directory=directory,
    )
    if isinstance(schedule, Mapping):
        spec = with_schedules(spec, schedule)
    return run_training(spec, on_event, should_stop, download=download, budget=budget)
