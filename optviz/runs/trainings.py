"""The trainings of a store: a row each, what they are called, and which process has them.

What they told stands beside them; see `store`.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from optviz.runs.folder import is_id
from optviz.runs.processes import Identity
from optviz.runs.record import Record, Unreadable, UnreadableError, record_of
from optviz.runs.schema import rows
from optviz.runs.store_file import StoreFile, UnavailableError

_ROW = re.compile(r"row-(-?[0-9]{1,19})", re.ASCII)  # see `Unreadable.id`


class Trainings(StoreFile):
    """Who is listed, waits, goes, has ended or was deleted."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._known: dict[int, tuple[Any, Record]] = {}  # rows by number, and what they hold

    def create(
        self,
        training: str,
        spec: Mapping[str, Any],
        options: Mapping[str, Any],
        name: str,
        process: Identity | None = None,
    ) -> None:
        """Note a training down: queued, or carried out by a process at once."""
        now = time.time()
        state = "queued" if process is None else "running"
        told = json.dumps(spec), json.dumps(options)
        row = (training, name, now, now, *told, state, *(process or (None, None)))
        self.write(
            lambda c: c.execute(
                "INSERT INTO trainings (id, name, created, queued, spec, options, state, pid, "
                "process_started) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        )

    def get(self, training: str) -> Record:
        """One training, deleted or not.

        Raises:
            UnreadableError: its row is damaged.
            ValueError: there is no such training.
        """
        where, key = _where(training)
        found = self.look(lambda c: rows(c, "trainings", Record._fields, where, (key,)))
        if not found:
            raise ValueError(f"there is no training {str(training)[:60]!r}")
        try:
            return Record.of(found[0][1])
        except UnreadableError as error:
            raise UnreadableError(f"training {training} cannot be read: {error}") from None

    def all(self, *, deleted: bool = False) -> list[Record]:
        """The trainings that are not deleted, or those that are; the newest first."""
        return [row for row in self.rows(deleted=deleted) if isinstance(row, Record)]

    def rows(self, *, deleted: bool = False) -> list[Record | Unreadable]:
        """As `all`, and what cannot be read of them."""
        which = "NOT NULL" if deleted else "NULL"
        where = f"deleted_at IS {which} ORDER BY created DESC, id DESC"
        found = self.look(lambda c: rows(c, "trainings", Record._fields, where))
        return self._records(found)

    def is_deleted(self, training: str) -> bool:
        """Whether a training was deleted, also one that cannot be read.

        Raises:
            ValueError: there is no such training.
        """
        where, key = _where(training)
        sql = f"SELECT deleted_at IS NOT NULL FROM trainings WHERE {where}"
        row = self.look(lambda c: c.execute(sql, (key,)).fetchone())
        if row is None:
            raise ValueError(f"there is no training {str(training)[:60]!r}")
        return bool(row[0])

    def waiting(self) -> list[Record]:
        """The queue, the one that has waited longest first."""
        return self.look(self._waiting)

    def rename(self, training: str, name: str) -> None:
        self._change(training, "name = ?", name)

    def delete(self, training: str) -> None:
        """Take a training off the lists; `restore` brings it back until it is purged."""
        self._change(training, "deleted_at = ?", time.time())

    def restore(self, training: str) -> None:
        self._change(training, "deleted_at = NULL")

    def deleted_before(self, when: float | None) -> list[str]:
        """What was deleted until then, whenever for None; the ids of what has one."""
        return self.look(lambda c: _gone(c, when)[1])

    def purge(self, when: float | None, then: Callable[[list[str]], None]) -> int:
        """Really remove what was deleted until then, whenever for None; how many it were.

        Args:
            then: given their ids while nobody can bring them back. It comes first, and frees the
                space on a full disk without which rows cannot be deleted either.
        """

        def remove(c: sqlite3.Connection) -> int:
            numbers, ids = _gone(c, when)
            then(ids)
            c.executemany("DELETE FROM trainings WHERE rowid = ?", ((n,) for n in numbers))
            return len(numbers)

        return self.write(remove)

    def compact(self) -> None:
        """Give the space of what was removed back to the system; a full disk puts it off."""
        with suppress(UnavailableError):
            self.do(lambda c: c.execute("VACUUM"))
        with suppress(UnavailableError):
            self.do(lambda c: c.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone())

    # Its process ------------------------------------------------------------------------------

    def queue_again(
        self,
        seen: Record,
        options: Mapping[str, Any] | None = None,
        process: Identity | None = None,
    ) -> bool:
        """Queue an ended training once more, or give it to a process at once.

        Returns:
            False where someone else was faster.
        """
        sql = (
            "UPDATE trainings SET state = ?, message = '', stop_asked = 0, pid = ?, "
            "process_started = ?, launches = 0, queued = ?, options = ? WHERE id = ? "
            "AND state = ? AND queued = ? AND deleted_at IS NULL"
        )
        state = "queued" if process is None else "running"
        told = json.dumps(seen.options if options is None else options)
        values = (state, *(process or (None, None)), time.time(), told)
        where = (seen.id, seen.state, seen.queued)
        return self.write(lambda c: c.execute(sql, (*values, *where)).rowcount == 1)

    def launch(
        self,
        choose: Callable[[list[Record]], Record | None],
        begin: Callable[[str], Identity],
    ) -> bool:
        """Begin a process for one of those that wait; False: for none.

        Nobody else does meanwhile. Should this process die between the beginning and the note of
        it, the new one notes itself down; see `take`.
        """

        def start(c: sqlite3.Connection) -> bool:
            record = choose(self._waiting(c))
            if record is None:
                return False
            sql = (
                "UPDATE trainings SET pid = ?, process_started = ?, launches = launches + 1 "
                "WHERE id = ?"
            )
            c.execute(sql, (*begin(record.id), record.id))
            return True

        return self.write(start)

    def take(self, training: str, process: Identity, free: Callable[[Record], bool]) -> bool:
        """A process notes down that it waits for the training's turn; False: another one does.

        Args:
            free: whether the process that the record names leaves it to others.
        """

        def note(c: sqlite3.Connection) -> bool:
            found = [record for record in self._waiting(c) if record.id == training]
            if not found or not (found[0].pid == process.pid or free(found[0])):
                return False
            sql = "UPDATE trainings SET pid = ?, process_started = ? WHERE id = ?"
            c.execute(sql, (*process, training))
            return True

        return self.write(note)

    def end_waiting(self, seen: Record, state: str, message: str = "") -> bool:
        """A queued training leaves the queue; False where something has happened to it since."""
        sql = (
            "UPDATE trainings SET state = ?, message = ? "
            "WHERE id = ? AND state = 'queued' AND pid IS ? AND queued = ?"
        )
        values = (state, message, seen.id, seen.pid, seen.queued)
        return self.write(lambda c: c.execute(sql, values).rowcount == 1)

    def take_place(self, training: str) -> None:
        """The training waits no longer; `begin` follows as soon as its process is ready."""
        self._change(training, "state = 'running'")

    def ask_stop(self, training: str) -> None:
        """Have the training's process end, also one that does not listen yet."""
        self._change(training, "stop_asked = 1")

    def _waiting(self, connection: sqlite3.Connection) -> list[Record]:
        """The queue; what cannot be read is not in it."""
        where = "state = 'queued' AND stop_asked = 0 AND deleted_at IS NULL ORDER BY queued, id"
        found = self._records(rows(connection, "trainings", Record._fields, where))
        return [record for record in found if isinstance(record, Record)]

    def _records(self, found: Iterable[tuple[int, tuple[Any, ...]]]) -> list[Record | Unreadable]:
        """What rows hold, not to be changed by whoever reads it.

        Lists look every second: a row that is as it was is not checked again.
        """
        records = []
        for rowid, row in found:
            seen, record = self._known.get(rowid, (None, None))
            if record is None or seen != row:
                record = record_of(rowid, row)
                if isinstance(record, Record):  # others are few, and may be large
                    self._known[rowid] = row, record
            records.append(record)
        return records

    def _change(self, training: str, assignments: str, *values: object) -> None:
        where, key = _where(training)
        sql = f"UPDATE trainings SET {assignments} WHERE {where}"
        if not self.write(lambda c: c.execute(sql, (*values, key)).rowcount):
            raise ValueError(f"there is no training {str(training)[:60]!r}")
        self.settle()


def _gone(connection: sqlite3.Connection, when: float | None) -> tuple[list[int], list[str]]:
    """What was deleted until then: numbers of rows, and the ids among theirs."""
    where = "deleted_at IS NOT NULL" if when is None else "deleted_at <= ?"
    sql = f"SELECT rowid, id FROM trainings WHERE {where}"
    rows = connection.execute(sql, () if when is None else (when,)).fetchall()
    return [row[0] for row in rows], [row[1] for row in rows if is_id(row[1])]


def _where(training: str) -> tuple[str, str | int]:
    """The condition on a training's row, and the value that it is asked with."""
    numbered = _ROW.fullmatch(training) if isinstance(training, str) else None
    if numbered and abs(int(numbered[1])) < 2**63:
        return "rowid = ?", int(numbered[1])
    return "id = ?", training if is_id(training) else ""
