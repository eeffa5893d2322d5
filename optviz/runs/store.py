"""The store: one SQLite file that holds every training and all that it told.

Any number of processes read and write it at once. What was committed survives the death of any of
them. A damaged file is kept aside and a new one begun.
"""

from __future__ import annotations

import atexit
import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from optviz.folders import home
from optviz.runs.folder import STORE
from optviz.runs.record import Record
from optviz.runs.schema import rows, transaction
from optviz.runs.trainings import Trainings

_COLUMNS = ", ".join(Record._fields)


class SupersededError(ValueError):
    """Another process has taken the training over, or it is no longer there."""


class Store(Trainings):
    """Trainings and their events; safe to be used by several threads."""

    # Attempts ---------------------------------------------------------------------------------

    def begin(
        self, training: str, environment: Mapping[str, Any], kept: Mapping[int, int | None]
    ) -> int:
        """A process begins the training, or goes on from what was kept of it.

        In one transaction the events that the process will tell again are deleted, and a new
        attempt begins; from here on the events of older ones are refused.

        Args:
            environment: what the process runs on.
            kept: by run, how many of its first events stay; None: all.

        Returns:
            The attempt, counted from 1.
        """

        def rewind(c: sqlite3.Connection) -> int:
            for run, count in kept.items():
                if count is not None:
                    c.execute(
                        "DELETE FROM events WHERE training = ?1 AND run = ?2 AND position NOT IN "
                        "(SELECT position FROM events WHERE training = ?1 AND run = ?2 "
                        "ORDER BY position LIMIT ?3)",
                        (training, run, count),
                    )
            c.execute(
                "UPDATE trainings SET state = 'running', message = '', outcome = NULL, "
                "attempt = attempt + 1, environment = ? WHERE id = ?",
                (json.dumps(environment), training),
            )
            return _attempt(c, training)

        return self.write(rewind)

    def end(
        self,
        training: str,
        attempt: int,
        state: str,
        message: str = "",
        outcome: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        """How an attempt ended, or that a queued training never began.

        Raises:
            SupersededError: there has been another attempt since.
        """
        sql = "UPDATE trainings SET state = ?, message = ?, outcome = ? WHERE id = ?"
        values = (state, message, outcome and json.dumps(outcome), training)

        def say(c: sqlite3.Connection) -> None:
            _check(c, training, attempt)
            c.execute(sql, values)

        self.write(say)
        self.settle()

    # Events -----------------------------------------------------------------------------------

    def append(self, training: str, attempt: int, events: Iterable[tuple[int | None, str]]) -> None:
        """Keep events, (run, JSON) each: all of them, or none where this raises.

        Raises:
            SupersededError: there has been another attempt since.
            UnavailableError: they cannot be written just now.
        """
        rows = [(training, run, body) for run, body in events]

        def insert(c: sqlite3.Connection) -> None:
            _check(c, training, attempt)
            c.executemany("INSERT INTO events (training, run, body) VALUES (?, ?, ?)", rows)

        self.write(insert)

    def read(self, training: str, since: int, limit: int) -> tuple[int, list[tuple[int, str]]]:
        """The attempt, and up to `limit` events (position, JSON) after the position `since`.

        Raises:
            ValueError: there is no such training.
        """
        where = "training = ? AND position > ? ORDER BY position LIMIT ?"

        def select(c: sqlite3.Connection) -> tuple[int, list[tuple[int, str]]]:
            with transaction(c, "DEFERRED"):  # both as of one moment
                found = rows(c, "events", ("body",), where, (training, since, limit))
                return _attempt(c, training), [(position, body) for position, (body,) in found]

        return self.look(select)

    def counts(self, training: str) -> dict[int | None, int]:
        """How many events there are of each run; under None those of the training as a whole."""
        sql = "SELECT run, count(*) FROM events WHERE training = ? GROUP BY run"
        return self.look(lambda c: dict(c.execute(sql, (training,)).fetchall()))

    def events(self, training: str) -> list[tuple[int | None, str]]:
        """All events, as `append` takes them."""
        sql = "SELECT run, body FROM events WHERE training = ? ORDER BY position"
        return self.look(lambda c: c.execute(sql, (training,)).fetchall())

    def take_over(
        self,
        record: Record,
        events: Iterable[tuple[int | None, str]],
        then: Callable[[], None] = lambda: None,
    ) -> bool:
        """Take a training over from another store, under its id; False: it is here already.

        Args:
            then: done before anybody else sees the training; where it raises, nothing was taken.
        """
        marks = ", ".join("?" * len(Record._fields))

        def insert(c: sqlite3.Connection) -> bool:
            sql = f"INSERT OR IGNORE INTO trainings ({_COLUMNS}) VALUES ({marks})"
            if c.execute(sql, record.row()).rowcount != 1:
                return False
            rows = ((record.id, run, body) for run, body in events)
            c.executemany("INSERT INTO events (training, run, body) VALUES (?, ?, ?)", rows)
            then()
            return True

        return self.write(insert)


_current: Store | None = None
_current_lock = threading.Lock()


def current() -> Store:
    """The store of this computer's user, in `home()`."""
    global _current
    path = home() / STORE
    with _current_lock:
        if _current is None or _current.path != path:
            if _current is not None:
                _current.close()
            _current = Store(path)
        return _current


@atexit.register
def _close() -> None:
    if _current is not None:
        _current.close()


def _attempt(connection: sqlite3.Connection, training: str) -> int:
    row = connection.execute("SELECT attempt FROM trainings WHERE id = ?", (training,)).fetchone()
    if row is None:
        raise SupersededError(f"there is no training {str(training)[:60]!r}")
    return row[0]


def _check(connection: sqlite3.Connection, training: str, attempt: int) -> None:
    if _attempt(connection, training) != attempt:
        raise SupersededError(f"training {training} was resumed by another process")
