"""What a training tells, on its way to the store: in memory first, on disk a moment later."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from optviz.engine.training.events import Event, RunEnd, to_json
from optviz.runs.store import Store
from optviz.runs.store_file import UnavailableError

T = TypeVar("T")
PERIOD = 0.2  # seconds between two writes
RETRY = 1.0  # seconds until a store that could not be written is tried again
PATIENCE = 600.0  # seconds after which a training gives up on a store that cannot be written


class Writer:
    """Appends a training's events to the store from a thread of its own.

    A disk that is full or slow holds nobody up: the events wait in memory, in their order, and are
    written once that is possible. After `patience` seconds the training is told by an `OSError`.

    Args:
        counts: by run, how many of its events the store holds already.
        say: told in one line when the store cannot be written, and when it can again.
        patience: seconds; None: `PATIENCE`.
    """

    def __init__(
        self,
        store: Store,
        training: str,
        attempt: int,
        counts: Mapping[int, int],
        say: Callable[[str], None],
        patience: float | None = None,
    ) -> None:
        self._store, self._training, self._attempt = store, training, attempt
        self._counts, self._say = dict(counts), say
        self._patience = PATIENCE if patience is None else patience
        self._pending: list[tuple[int | None, str]] = []
        self._lock = threading.Lock()  # of what is pending
        self._writing = threading.RLock()  # held while writing, so that the order is kept
        self._failing_since: float | None = None
        self._error: Exception | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="optviz-writer", daemon=True)
        self._thread.start()

    def tell(self, event: Event) -> None:
        """Take an event; it is in the store a moment later.

        Raises:
            OSError: the store could not be written for too long.
            ValueError: another process has taken the training over.
        """
        record = to_json(event)
        run = record.get("run")
        body = json.dumps(record, separators=(",", ":"), allow_nan=False)
        with self._lock:
            if self._error is not None:
                raise self._error
            self._pending.append((run, body))
            if run is not None and not isinstance(event, RunEnd):
                self._counts[run] = self._counts.get(run, 0) + 1

    def count(self, run: int) -> int:
        """How many events of a run were told in all attempts, without the word that it ended."""
        with self._lock:
            return self._counts.get(run, 0)

    def flush(self) -> bool:
        """Write all that was told so far; False where that is not possible just now."""
        with self._writing:
            with self._lock:
                batch = list(self._pending)
            if not batch:
                return True
            try:
                self._store.append(self._training, self._attempt, batch)
            except UnavailableError as error:
                self._note(error)
                return False
            with self._lock:
                del self._pending[: len(batch)]
            if self._failing_since is not None:
                self._failing_since = None
                self._say("The store can be written again; nothing was lost.")
            return True

    def close(self) -> None:
        """Write what is left, trying again for as long as patience lasts.

        Raises:
            OSError: it could not be written.
        """
        self._closing.set()
        self._thread.join()
        while self._error is None and not self.flush():
            time.sleep(RETRY)
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        while not self._closing.wait(PERIOD if self._failing_since is None else RETRY):
            try:
                self.flush()
            except Exception as error:  # told to the training with its next event
                self._error = error
            if self._error is not None:
                return

    def _note(self, error: UnavailableError) -> None:
        now = time.monotonic()
        if self._failing_since is None:
            self._failing_since = now
            self._say(f"{error}. What the training tells waits in memory.")
        if now - self._failing_since >= self._patience:
            self._error = OSError(
                f"{error}, for {now - self._failing_since:.0f} s; free some space and resume it"
            )
