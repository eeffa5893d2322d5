"""Who waits gets a process when it is the next one: few processes, however many trainings wait.

One process waits for each place that is free, and one more for the next place. Whoever begins or
ends a training looks whether one is missing, and so do the app and the command line whenever they
look at the trainings. So the queue goes on after the death of any of them, the next time that
somebody looks; nobody has to be there for it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from optviz.folders import home
from optviz.runs import places
from optviz.runs.folder import folder_of, log_of
from optviz.runs.processes import Identity, adopt, alive
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
    while not all(map(_alive, waiting := store.waiting())):
        room = max(1, places.num_free())

        def choose(waiting: list[Record], room: int = room) -> Record | None:
            without = [record for record in waiting if not _alive(record)]
            return without[0] if without and len(waiting) - len(without) < room else None

        for record in waiting:
            if record.launches >= MAX_LAUNCHES and not _alive(record):
                message = f"its process ended {MAX_LAUNCHES} times before it began"
                store.end_waiting(record, "failed", message)
        if choose(waiting) is None:  # as most often: the store need not be locked to say so
            return
        if not store.launch(choose, lambda training: launch(training, environment)):
            return


def launch(training: str, environment: Mapping[str, str] | None = None) -> Identity:
    """Begin a process for a training that waits."""
    given = dict(os.environ if environment is None else environment)
    package = str(Path(__file__).parents[2])  # importable also where optviz is not installed
    known = given.get("PYTHONPATH", "").split(os.pathsep)
    path = os.pathsep.join(filter(None, [package, *(p for p in known if p != package)]))
    folder, where = folder_of(training), home().absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with log_of(training).open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "optviz.runs.worker", training],
            cwd=folder,
            env=given | {"PYTHONPATH": path, "OPTVIZ_HOME": str(where)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # the app's end, or Ctrl-C in its terminal, is not the job's
        )
    return adopt(child)


def _alive(record: Record) -> bool:
    return alive(record.pid, record.process_started)
