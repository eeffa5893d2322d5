"""Few places to train at, so that many trainings do not slow each other down.

A place is a locked file: the system frees it however its process ends.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from optviz.folders import home
from optviz.runs.locks import try_lock
from optviz.runs.processes import alive
from optviz.runs.store import Store

LOOK_SECONDS = 0.3
MAX_WAITING = 1000


def num_places() -> int:
    """`$OPTVIZ_JOBS`; one for every four cores unless said otherwise."""
    text = os.environ.get("OPTVIZ_JOBS") or str(max(1, (os.cpu_count() or 1) // 4))
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise ValueError(f"OPTVIZ_JOBS must be a whole number from 1, got {text!r}")
    return int(text)


def line(store: Store) -> list[str]:
    """The trainings that wait, the next one first."""
    return [record.id for record in store.waiting()]


def is_next(store: Store, training: str) -> bool:
    """Whether nobody who has a process is before this training."""
    for other in store.waiting():
        if other.id == training:
            return True
        if alive(other.pid, other.process_started):
            return False
    return True


def num_free() -> int:
    """Places where nobody trains just now."""
    held = [handle for handle in map(try_lock, _files()) if handle is not None]
    for handle in held:
        os.close(handle)
    return len(held)


@contextmanager
def turn(store: Store, training: str, should_stop: Callable[[], bool]) -> Iterator[None]:
    """Wait in line for a place, or until asked to stop."""
    held: int | None = None
    while not should_stop():
        if is_next(store, training):
            held = next((h for h in map(try_lock, _files()) if h is not None), None)
            if held is not None:
                break
        time.sleep(LOOK_SECONDS)
    try:
        yield
    finally:
        if held is not None:
            os.close(held)


def _files() -> Iterator[Path]:
    return (home() / "places" / f"{i}.lock" for i in range(num_places()))
