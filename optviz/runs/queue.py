"""Who waits gets a process when it is the next one: few processes, however many trainings wait.

One process waits for each place that is free, and one more for the next place. Whoever begins or
ends a training looks whether one is missing, and so do the app and the command line whenever they
look at the trainings. So the queue goes on after the death of any of them, the next time that
somebody looks; nobody has to be there for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from optviz.runs import places
from optviz.runs.launch import launch
from optviz.runs.processes import alive
from optviz.runs.record import Record
from optviz.runs.store import Store

MAX_LAUNCHES = 3  # processes that may die before they begin, until a training is given up


def look(store: Store, environment: Mapping[str, str] | None = None) -> None:
    """Give processes to those that are next, if that is possible just now.

    Args:
        environment: of the new processes; None: this one's.
    """
    with suppress(OSError, ValueError):  # the next one to look will
        advance(store, environment)


def advance(store: Store, environment: Mapping[str, str] | None = None) -> None:
    """Give processes to those that are next.

    Raises:
        OSError: the store cannot be written, or no process be started, just now.
        ValueError: `OPTVIZ_JOBS` is no number.
    """
    while any(not _alive(record) for record in store.waiting()):
        room = max(1, places.num_free())

        def choose(waiting: list[Record], room: int = room) -> Record | None:
            without = [record for record in waiting if not _alive(record)]
            return without[0] if without and len(waiting) - len(without) < room else None

        for record in store.waiting():
            if record.launches >= MAX_LAUNCHES and not _alive(record):
                message = f"its process ended {MAX_LAUNCHES} times before it began"
                store.end_waiting(record, "failed", message)
        if not store.launch(choose, lambda training: launch(training, environment)):
            return


def _alive(record: Record) -> bool:
    return alive(record.pid, record.process_started)
