"""The process of one training: `python -m optviz.runs.worker ID`, started by `queue`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from optviz.runs import processes, queue
from optviz.runs.attempt import Stop, carry_out
from optviz.runs.places import turn
from optviz.runs.record import Record
from optviz.runs.store import Store, current

ROOM = "OPTVIZ_ROOM_MADE"  # set in the environment of a worker, and of those that it begins


def main(training: str) -> int:
    """Wait for a place and train; everything is left in the store."""
    stop = Stop()
    with stop.listening(keyboard=False):
        _make_room()
        environment = dict(os.environ)  # as it is before the training's own settings
        store = current()
        if not store.take(training, processes.myself(), _is_free):
            return 0
        try:
            failed = _wait_and_train(store, training, stop, environment)
        finally:
            queue.look(store, environment)
    return stop.exit_code or int(failed)


def _wait_and_train(
    store: Store, training: str, stop: Stop, environment: Mapping[str, str]
) -> bool:
    """Whether it failed."""
    record = store.get(training)
    if record.stop_asked:
        stop.set()
    with turn(store, training, stop):
        if stop():
            store.end(training, record.attempt, "stopped")
            return False
        store.take_place(training)
        queue.look(store, environment)  # somebody else is the next one now
        return carry_out(store, training, stop) is not None


def _is_free(record: Record) -> bool:
    return not processes.alive(record.pid, record.process_started)


def _make_room() -> None:
    """Be nice, and leave one core to whoever watches. Before JAX counts the cores."""
    if os.environ.get(ROOM):  # begun by a worker: it inherits what that one has left
        return
    os.environ[ROOM] = "yes"
    if hasattr(os, "nice"):
        os.nice(10)
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[1:] or cores)
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
