"""The store: one SQLite file that holds every training and all that it told.

Any number of processes read and write it at once. What was committed survives the death of any of
them. A damaged file is kept aside and a new one begun.
"""

from __future__ import annotations

import atexit
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from optviz.runs.folder import STORE, home
from optviz.runs.locks import alone
from optviz.runs.schema import connect, transaction

T = TypeVar("T")
ENDED = ("finished", "stopped", "failed")  # what a process says of itself at its end


class UnavailableError(OSError):
    """The store cannot be read or written just now, as on a full disk; nothing was changed."""


class SupersededError(ValueError):
    """Another process has taken the training over, or it is no longer there."""


class Record(NamedTuple):
    """One training as the store holds it."""

    id: str
    name: str
    created: float  # seconds since 1970
    queued: float  # when it was last asked to run
    spec: dict[str, Any]
    options: dict[str, Any]
    state: str  # queued, running or one of ENDED, as its process last said
    message: str
    stop_asked: bool
    pid: int | None
    process_started: float | None
    attempt: int  # processes that have begun it so far
    environment: dict[str, Any] | None
    outcome: list[dict[str, Any]] | None
    deleted_at: float | None

    @property
    def ended(self) -> bool:
        return self.state in ENDED


class Waiting(NamedTuple):
    """A queued training."""

    id: str
    pid: int | None
    process_started: float | None
    queued: float


_COLUMNS = ", ".join(Record._fields)


class Store:
    """A store file; safe to be used by several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None  # which file the connection has open

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    # Trainings --------------------------------------------------------------------------------

    def create(
        self, training: str, spec: Mapping[str, Any], options: Mapping[str, Any], name: str
    ) -> None:
        """Note a training down as queued."""
        now = time.time()
        row = (training, name, now, now, json.dumps(spec), json.dumps(options), "queued")
        self._write(
            lambda c: c.execute(
                "INSERT INTO trainings (id, name, created, queued, spec, options, state) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        )

    def get(self, training: str) -> Record:
        """One training, deleted or not.

        Raises:
            ValueError: there is no such training.
        """
        sql = f"SELECT {_COLUMNS} FROM trainings WHERE id = ?"
        key = training if isinstance(training, str) else ""
        row = self._do(lambda c: c.execute(sql, (key,)).fetchone())
        if row is None:
            raise ValueError(f"there is no training {str(training)[:60]!r}")
        return _record(row)

    def all(self, *, deleted: bool = False) -> list[Record]:
        """The trainings that are not deleted, or those that are; the newest first."""
        which = "NOT NULL" if deleted else "NULL"
        sql = f"SELECT {_COLUMNS} FROM trainings WHERE deleted_at IS {which}"
        rows = self._do(lambda c: c.execute(f"{sql} ORDER BY created DESC, id DESC").fetchall())
        return [_record(row) for row in rows]

    def waiting(self) -> list[Waiting]:
        """The queue, the one that has waited longest first."""
        sql = (
            "SELECT id, pid, process_started, queued FROM trainings "
            "WHERE state = 'queued' AND deleted_at IS NULL ORDER BY queued, id"
        )
        return [Waiting(*row) for row in self._do(lambda c: c.execute(sql).fetchall())]

    def rename(self, training: str, name: str) -> None:
        self._change(training, "name = ?", name)

    def delete(self, training: str) -> None:
        """Take a training off the lists; `restore` brings it back until it is purged."""
        self._change(training, "deleted_at = ?", time.time())

    def restore(self, training: str) -> None:
        self._change(training, "deleted_at = NULL")

    def purge(self, before: float) -> list[str]:
        """Really remove what was deleted before this time; the ids."""
        with_events = "DELETE FROM trainings WHERE deleted_at <= ? RETURNING id"
        return self._write(lambda c: [row[0] for row in c.execute(with_events, (before,))])

    # Its process ------------------------------------------------------------------------------

    def queue_again(self, seen: Record) -> bool:
        """Queue an ended training once more; False where someone else was faster."""
        sql = (
            "UPDATE trainings SET state = 'queued', message = '', stop_asked = 0, pid = NULL, "
            "process_started = NULL, queued = ? WHERE id = ? AND state = ? AND queued = ? "
            "AND deleted_at IS NULL"
        )
        values = (time.time(), seen.id, seen.state, seen.queued)
        return self._write(lambda c: c.execute(sql, values).rowcount == 1)

    def set_process(self, training: str, pid: int, started: float | None) -> None:
        """Which process carries the training out."""
        self._change(training, "pid = ?, process_started = ?", pid, started)

    def ask_stop(self, training: str) -> None:
        """Have the training's process end, also one that does not listen yet."""
        self._change(training, "stop_asked = 1")

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

        return self._write(rewind)

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

        self._write(say)

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

        self._write(insert)

    def read(self, training: str, since: int, limit: int) -> tuple[int, list[tuple[int, str]]]:
        """The attempt, and up to `limit` events (position, JSON) after the position `since`.

        Raises:
            ValueError: there is no such training.
        """
        sql = "SELECT position, body FROM events WHERE training = ? AND position > ? "

        def select(c: sqlite3.Connection) -> tuple[int, list[tuple[int, str]]]:
            with transaction(c, "DEFERRED"):  # both as of one moment
                rows = c.execute(f"{sql} ORDER BY position LIMIT ?", (training, since, limit))
                return _attempt(c, training), rows.fetchall()

        return self._do(select)

    def counts(self, training: str) -> dict[int | None, int]:
        """How many events there are of each run; under None those of the training as a whole."""
        sql = "SELECT run, count(*) FROM events WHERE training = ? GROUP BY run"
        return self._do(lambda c: dict(c.execute(sql, (training,)).fetchall()))

    # Access -----------------------------------------------------------------------------------

    def notice(self) -> str | None:
        """What has to be said about the store, once and to one who asks; None: nothing."""

        def take(c: sqlite3.Connection) -> str | None:
            rows = c.execute("DELETE FROM notices RETURNING text").fetchall()
            return " ".join(row[0] for row in rows) or None

        if self._do(lambda c: c.execute("SELECT 1 FROM notices").fetchone()) is None:
            return None
        return self._write(take)

    def restore_rows(self, record: Record, events: Iterable[tuple[int | None, str]]) -> bool:
        """Take a training over from another store, under its id; False: it is here already."""
        values = [json.dumps(v) if isinstance(v, (dict, list)) else v for v in record]
        marks = ", ".join("?" * len(values))

        def insert(c: sqlite3.Connection) -> bool:
            sql = f"INSERT OR IGNORE INTO trainings ({_COLUMNS}) VALUES ({marks})"
            if c.execute(sql, values).rowcount != 1:
                return False
            rows = ((record.id, run, body) for run, body in events)
            c.executemany("INSERT INTO events (training, run, body) VALUES (?, ?, ?)", rows)
            return True

        return self._write(insert)

    def _change(self, training: str, assignments: str, *values: object) -> None:
        sql = f"UPDATE trainings SET {assignments} WHERE id = ?"
        if not self._write(lambda c: c.execute(sql, (*values, training)).rowcount):
            raise ValueError(f"there is no training {str(training)[:60]!r}")

    def _write(self, action: Callable[[sqlite3.Connection], T]) -> T:
        def within(c: sqlite3.Connection) -> T:
            with transaction(c):
                return action(c)

        return self._do(within)

    def _do(self, action: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock:
            notice = None
            for last in (False, True):
                try:
                    connection = self._connected()
                    if notice is not None:
                        connection.execute("INSERT INTO notices (text) VALUES (?)", (notice,))
                    return action(connection)
                except sqlite3.Error as error:
                    if last or not _damaged(error):
                        what = f"the store {self.path} cannot be used: {error}"
                        raise UnavailableError(what) from error
                    notice = self._set_aside()
        raise AssertionError  # the loop returned or raised

    def _connected(self) -> sqlite3.Connection:
        file = _identity(self.path)
        if self._connection is None or file != self._file:  # deleted, or set aside by another
            self.close()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = file
            self._connection = connect(self.path)
            self._file = _identity(self.path)
        return self._connection

    def _set_aside(self) -> str | None:
        """Keep a damaged file under another name; what is to be said about it."""
        damaged = self._file
        self.close()
        with alone(self.path.with_suffix(".lock")):
            if damaged is None or _identity(self.path) != damaged:
                return None  # another process was faster
            aside = self.path.with_name(time.strftime("store.damaged-%Y%m%d-%H%M%S.sqlite"))
            for suffix in ("-wal", "-shm", ""):
                part = Path(f"{self.path}{suffix}")
                if part.exists():
                    os.replace(part, f"{aside}{suffix}")
            return (
                f"The store of trainings was damaged. It was kept as {aside.name} in "
                f"{aside.parent}, and a new one was begun."
            )


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


def _record(row: Sequence[Any]) -> Record:
    record = Record(*row)
    return record._replace(
        spec=json.loads(record.spec),  # pyright: ignore  # text in the file
        options=json.loads(record.options),  # pyright: ignore
        stop_asked=bool(record.stop_asked),
        environment=record.environment and json.loads(record.environment),  # pyright: ignore
        outcome=record.outcome and json.loads(record.outcome),  # pyright: ignore
    )


def _attempt(connection: sqlite3.Connection, training: str) -> int:
    row = connection.execute("SELECT attempt FROM trainings WHERE id = ?", (training,)).fetchone()
    if row is None:
        raise SupersededError(f"there is no training {str(training)[:60]!r}")
    return row[0]


def _check(connection: sqlite3.Connection, training: str, attempt: int) -> None:
    if _attempt(connection, training) != attempt:
        raise SupersededError(f"training {training} was resumed by another process")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _damaged(error: sqlite3.Error) -> bool:
    """Whether the file itself is broken, and not just busy or out of reach."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the extension
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return True
    return "no such table" in str(error) or "no such column" in str(error)
