"""Training networks: every optimizer on the same weights and the same batches."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from optviz.data.base import Data
from optviz.engine.train_data import split
from optviz.engine.train_events import Event, OnEvent, Started, TrainResult
from optviz.engine.train_run import TrainRun
from optviz.specs.train import TrainSpec


def train(
    spec: TrainSpec,
    data: Data,
    on_event: OnEvent = lambda event: None,
    should_stop: Callable[[], bool] = lambda: False,
    workers: int = 1,
) -> TrainResult:
    """Train the network of `spec` with each of its optimizers.

    The runs advance together, epoch by epoch. A run that diverges ends there and the others go on.
    The same spec gives the same numbers on the same machine, whatever the number of workers.

    Args:
        spec: what to train.
        data: the images, as stored.
        on_event: called with each event as it happens, by one thread at a time.
        should_stop: asked before every step; once true, every run ends as `stopped`.
        workers: how many runs advance at the same time.

    Raises:
        ValueError: `spec` asks for what cannot be, or leaves no images.
    """
    spec.check()
    parts = split(data, spec)
    result, lock = TrainResult.empty(spec), threading.Lock()

    def emit(event: Event) -> None:
        with lock:
            result.add(event)
            on_event(event)

    runs = [TrainRun(spec, index, parts, emit, should_stop) for index in range(len(spec.runs))]
    emit(
        Started(
            kind="started",
            labels=list(spec.labels),
            num_steps=runs[0].num_steps,
            steps_per_epoch=runs[0].steps_per_epoch,
            num_params=spec.network.num_params(),
            num_train=parts.train.y.size,
            num_validation=parts.validation.y.size,
            class_names=list(data.class_names),
            note=data.note,
        )
    )
    with ThreadPoolExecutor(max(1, min(workers, len(runs)))) as pool:
        for epoch in range(spec.epochs):
            list(pool.map(lambda run, number=epoch: run.epoch(number), runs))
    for run in runs:
        run.end("finished")
    return result
