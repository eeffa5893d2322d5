"""Another machine's store, read without trusting it: tables alone, in bounded time and memory."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

from optviz.runs.folder import STORE
from optviz.runs.record import Record, Unreadable, record_of
from optviz.runs.schema import (
    MAX_CELL,
    MIGRATIONS,
    VERSION,
    cells,
    columns_of,
    copy_of,
    distrust,
    size_of,
)

MAX_BYTES = 2 << 30  # of a store
MAX_ROWS = 100_000  # trainings
SECONDS = 30.0  # for a small store
BYTES_PER_SECOND = 2_000_000  # for a large one; ten times as fast is usual
LOOK = 10_000  # instructions of SQLite between two looks at the clock


class Foreign:
    """A copy of a store as of one moment, of which nothing but rows is taken.

    Args:
        path: a store that may be in use, or lie on a disk that cannot be written.
        scratch: an empty folder of our own.

    Raises:
        ValueError: there is no room, it is too large, takes too long, holds no trainings, or
            things that no optviz makes.
        sqlite3.Error: it is damaged.
    """

    def __init__(self, path: Path, scratch: Path) -> None:
        size = size_of(path)
        if size > MAX_BYTES:
            raise ValueError(f"it has {size:,} bytes, and {MAX_BYTES:,} are allowed")
        if size > shutil.disk_usage(scratch).free:
            raise ValueError(f"there is no room for a copy of its {size:,} bytes")
        self._ends = time.monotonic() + SECONDS + size / BYTES_PER_SECOND
        copy = scratch / STORE
        copy_of(path, copy, self._hurry)
        self._connection = sqlite3.connect(f"{copy.as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            distrust(self._connection)
            self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_CELL)
            self._connection.execute("PRAGMA query_only = ON")
            self._connection.execute("PRAGMA ignore_check_constraints = ON")  # they are code
            self._connection.set_progress_handler(self._late, LOOK)
            self.damage = self._check(path)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._connection.close()

    def trainings(self) -> Iterator[Record | Unreadable]:
        """All trainings, one at a time.

        Raises:
            sqlite3.Error: the rest cannot be read.
            ValueError: it takes too long, or there are too many.
        """
        names = columns_of(self._connection, "trainings", Record._fields)
        sql = "SELECT rowid FROM trainings WHERE rowid > ? ORDER BY rowid LIMIT 1"
        last = -(2**63)
        for count in range(MAX_ROWS + 1):
            self._hurry()
            row = self._connection.execute(sql, (last,)).fetchone()
            if row is None:
                return
            if count == MAX_ROWS:
                raise ValueError(f"there are more than {MAX_ROWS:,} trainings")
            last = row[0]
            yield record_of(last, cells(self._connection, "trainings", names, last))

    def events(self, training: str) -> Iterator[tuple[int | None, str]]:
        """What a training has told, as `Store.append` takes it; unchecked."""
        sql = "SELECT run, body FROM events WHERE training = ? ORDER BY position"
        for row in self._connection.execute(sql, (training,)):
            self._hurry()
            yield row

    def _check(self, path: Path) -> str:
        """That there is nothing but tables of trainings; which damage there is otherwise."""
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise ValueError(f"it has version {version}, this optviz reads up to {VERSION}")
        made = set(_layout(self._connection))
        if not {("table", "trainings", "id"), ("table", "events", "body")} <= made:
            raise ValueError(f"it holds no trainings, or they are in a {path.name}-wal beside it")
        if strange := made - _own_layout():
            kind, name, _ = min(strange)
            raise ValueError(f"it has a {kind} {name!a}, which no optviz makes"[:200])
        for (verdict,) in self._connection.execute("PRAGMA quick_check(20)"):
            if verdict != "ok" and not verdict.startswith("NULL value in"):  # a row's own fault
                return " ".join(verdict.split())[:200]
        return ""

    def _late(self) -> bool:
        """Whether SQLite has to give up what it does."""
        return time.monotonic() > self._ends

    def _hurry(self) -> None:
        if self._late():
            raise TimeoutError("reading it takes too long")


def _layout(connection: sqlite3.Connection) -> Iterator[tuple[str, str, str]]:
    """Kind, name and column of all that a file declares."""
    sql = "SELECT type, name, rootpage FROM sqlite_schema WHERE name NOT GLOB 'sqlite_*'"
    for kind, name, page in connection.execute(sql):
        if kind == "table" and page:  # a virtual one has no pages of its own
            columns = connection.execute("SELECT name, hidden FROM pragma_table_xinfo(?)", (name,))
            for column, hidden in columns:
                yield ("generated column" if hidden else kind), name, column
        elif kind == "index":
            for (column,) in connection.execute("SELECT name FROM pragma_index_info(?)", (name,)):
                yield kind, name, str(column)  # None: an expression
        else:
            yield ("virtual table" if kind == "table" else kind), name, ""


@cache
def _own_layout() -> frozenset[tuple[str, str, str]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        for migration in MIGRATIONS:
            for statement in migration:
                connection.execute(statement)
        return frozenset(_layout(connection))
