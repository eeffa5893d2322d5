"""Few places to train at, so that many trainings do not slow each other down."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from optviz.folders import home
from optviz.runs.locks import try_lock
from optviz.runs.processes import going
from optviz.runs.store import Store

LOOK_SECONDS = 0.3
MAX_WAITING = 100  # each is a process of its own


def num_places() -> int:
    """`$OPTVIZ_JOBS`; one for every four cores unless said otherwise."""
    text = os.environ.get("OPTVIZ_JOBS") or str(max(1, (os.cpu_count() or 1) // 4))
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise ValueError(f"OPTVIZ_JOBS must be a whole number from 1, got {text!r}")
    return int(text)


def line(store: Store) -> list[str]:
    """The trainings that wait, the next one first."""
    return [w.id for w in store.waiting() if going(w.pid, w.process_started, w.queued)]


def is_next(store: Store, training: str) -> bool:
    """Whether nobody is before this training; looks at no more processes than it has to."""
    for other in store.waiting():
        if other.id == training:
            return True
        if going(other.pid, other.process_started, other.queued):
            return False
    return True


@contextmanager
def turn(store: Store, training: str, should_stop: Callable[[], bool]) -> Iterator[None]:
    """Wait in line for a place, or until asked to stop.

    A place is a locked file: the system frees it however its process ends.
    """
    held: int | None = None
    while not should_stop():
        if is_next(store, training):
            files = (home() / "places" / f"{i}.lock" for i in range(num_places()))
            held = next((h for h in map(try_lock, files) if h is not None), None)
            if held is not None:
                break
        time.sleep(LOOK_SECONDS)
    try:
        yield
    finally:
        if held is not None:
            os.close(held)
