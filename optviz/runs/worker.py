"""The process of one training: `python -m optviz.runs.worker ID`, started by `jobs`."""

from __future__ import annotations

import os
import sys

from optviz.runs import processes
from optviz.runs.attempt import Stop, carry_out
from optviz.runs.places import turn
from optviz.runs.store import current


def main(training: str) -> int:
    """Wait for a place and train; everything is left in the store."""
    stop = Stop()
    with stop.listening(keyboard=False):
        _make_room()
        store = current()
        store.set_process(training, *processes.myself())
        record = store.get(training)
        if record.stop_asked:
            stop.set()
        with turn(store, training, stop):
            if stop():
                store.end(training, record.attempt, "stopped")
                return 0
            return int(carry_out(store, training, stop) is not None)


def _make_room() -> None:
    """Be nice, and leave one core to whoever watches. Before JAX counts the cores."""
    if hasattr(os, "nice"):
        os.nice(10)
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[1:] or cores)
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
