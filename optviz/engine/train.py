"""Training networks: every optimizer on the same weights and the same batches."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import jax

from optviz.data.base import Data
from optviz.engine.train_data import num_batches, split
from optviz.engine.train_events import Event, OnEvent, Started, TrainResult
from optviz.engine.train_run import TrainRun
from optviz.specs.train import TrainSpec


def train(
    spec: TrainSpec,
    data: Data,
    on_event: OnEvent = lambda event: None,
    should_stop: Callable[[], bool] = lambda: False,
    workers: int | None = None,
) -> TrainResult:
    """Train the network of `spec` with each of its optimizers.

    The runs advance together, a fraction of a second each. A run that diverges ends there and the
    others go on. The same spec gives the same numbers on the same machine, whatever the number of
    workers; with another number of cores, sums are added up in another order.

    Args:
        spec: what to train.
        data: the images, as stored.
        on_event: called with each event as it happens, by one thread at a time.
        should_stop: asked before every step; once true, every run ends as `stopped`.
        workers: how many runs advance at the same time; None: two, where there are two cores. One
            run cannot keep all cores busy, and more than two get into each other's way.

    Raises:
        ValueError: `spec` asks for what cannot be, or leaves no images.
    """
    spec.check()
    result, lock = TrainResult.empty(spec), threading.Lock()

    def emit(event: Event) -> None:
        with lock:
            result.add(event)
            on_event(event)

    with _in_float32():
        parts = split(data, spec)
        count = parts.train.y.size
        steps_per_epoch = num_batches(count, spec.batch_size)
        emit(
            Started(
                kind="started",
                labels=list(spec.labels),
                num_steps=steps_per_epoch * spec.epochs,
                steps_per_epoch=steps_per_epoch,
                num_params=spec.network.num_params(),
                num_train=count,
                num_validation=parts.validation.y.size,
                class_names=list(data.class_names),
                note=data.note,
            )
        )
        runs = [TrainRun(spec, index, parts, emit, should_stop) for index in range(len(spec.runs))]
    workers = min(len(runs), workers or min(2, usable_cores()))
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(_advance, [runs[first::workers] for first in range(workers)]))
    return result


def usable_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _advance(runs: Sequence[TrainRun]) -> None:
    """Bring runs to their end, each a little further in turn."""
    with _in_float32():
        going = [run.epochs() for run in runs]
        while going:
            going = [run for run in going if next(run, run) is None]


@contextmanager
def _in_float32() -> Iterator[None]:
    """Networks are trained in float32, whatever the caller computes in; per thread."""
    with jax.enable_x64(False):
        yield
