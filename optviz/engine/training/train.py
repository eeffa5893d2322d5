"""Training networks: every optimizer on the same weights and the same batches."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import jax

from optviz.data.base import Data
from optviz.engine.training.arrangement import ARRANGEMENTS, Hands, Lane, shifts
from optviz.engine.training.data import Splits
from optviz.engine.training.events import Event, OnEvent, Started, TrainResult
from optviz.engine.training.snapshots import Keeper
from optviz.engine.training.track import Track
from optviz.specs.checks import check_choice
from optviz.specs.experiment import TrainSpec


def train(
    spec: TrainSpec,
    data: Data,
    on_event: OnEvent = lambda event: None,
    should_stop: Callable[[], bool] = lambda: False,
    workers: int | None = None,
    *,
    keeper: Keeper | None = None,
    checkpoint_every: int | None = None,
    arrangement: str | None = None,
) -> TrainResult:
    """Train every member of `spec`: each variation with each of its optimizers and each seed.

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
        keeper: where each run's snapshots go, now and then and at its end, and what each run goes
            on from; what lies before that is not told again.
        checkpoint_every: steps between two snapshots of a run; None: about half a minute.
        arrangement: "stack": runs of one network are trained as one program; "loop": each run by
            itself; None: whichever is the quicker here, which on a GPU is measured once. Numbers
            differ by rounding; one arrangement repeats its own on a CPU, bit for bit.

    Raises:
        ValueError: `spec` asks for what cannot be, or leaves no images; or a snapshot is of
            another network or rule.
        Exception: whatever else comes up, in `on_event` for one. The first error stops all runs,
            which are kept and end as `stopped`, before it is raised; those that it came up in end
            as `failed`, and their last snapshot stays.
    """
    spec.check()
    if arrangement is not None:
        check_choice("arrangement", arrangement, ARRANGEMENTS)
    result, lock = TrainResult.empty(spec), threading.Lock()

    def emit(event: Event) -> None:
        with lock:
            result.add(event)
            on_event(event)

    members = spec.members()
    with _in_float32():
        splits = Splits(data)
        for member in members:
            member.spec.check_batches(splits.of(member.spec).train.y.size)
        tracks = [
            Track(member, index, splits.of(member.spec), emit, keeper)
            for index, member in enumerate(members)
        ]
        emit(_started(tracks, spec.labels, data))
        crew = _Crew(should_stop)
        hands = Hands(emit, crew.should_stop, checkpoint_every)
        try:
            for lanes in shifts(tracks, hands, arrangement):
                crew.advance(lanes, min(len(lanes), workers or min(2, usable_cores())))
        except Exception:  # whatever it was, nothing may be left that says it runs
            for track in tracks:  # whose turn never came
                with suppress(Exception):  # the first error is the one to tell
                    track.end("stopped")
            raise
    return result


class _Crew:
    """Brings lanes to their end, on several threads; where one fails, all are stopped."""

    def __init__(self, should_stop: Callable[[], bool]) -> None:
        self._asked, self._failed, self._lock = should_stop, threading.Event(), threading.Lock()
        self._error: Exception | None = None

    def should_stop(self) -> bool:
        return self._failed.is_set() or self._asked()

    def advance(self, lanes: Sequence[Lane], threads: int) -> None:
        """Train all runs to their end; raises the first error once the others have been kept."""
        with ThreadPoolExecutor(threads) as pool:
            try:
                list(pool.map(self._work, [lanes[first::threads] for first in range(threads)]))
            except BaseException:  # the keyboard: the pool waits for its threads
                self._failed.set()
                raise
        if self._error is not None:
            raise self._error

    def _work(self, lanes: Sequence[Lane]) -> None:
        """Each lane a little further in turn."""
        with _in_float32():
            while lanes:
                lanes = [lane for lane in lanes if self._goes_on(lane)]

    def _goes_on(self, lane: Lane) -> bool:
        try:
            return next(lane.turns, lane) is None
        except Exception as error:  # of the device, the data or the caller: `advance` raises it
            with self._lock:
                self._error = self._error or error
            self._failed.set()
            for track in lane.tracks:
                with suppress(Exception):  # the first error is the one to tell
                    track.end("failed")
            return False


def _started(tracks: Sequence[Track], labels: Sequence[str], data: Data) -> Started:
    return Started(
        kind="started",
        labels=list(labels),
        num_steps=[track.num_steps for track in tracks],
        steps_per_epoch=[track.steps_per_epoch for track in tracks],
        num_params=[track.num_params for track in tracks],
        num_train=[track.parts.train.y.size for track in tracks],
        num_validation=[track.parts.num_validation for track in tracks],
        num_sample=[track.parts.num_sample for track in tracks],
        class_names=list(data.class_names),
        note=data.note,
    )


def usable_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def _in_float32() -> Iterator[None]:
    """Networks are trained in float32, whatever the caller computes in; per thread."""
    with jax.enable_x64(False):
        yield
