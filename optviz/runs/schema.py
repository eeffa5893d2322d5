"""The store's tables by version, and how a file of an older version becomes one of today."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

BUSY_SECONDS = 20.0  # how long one waits while another process writes
MAX_CELL = 1 << 25  # bytes of a value, and of a row
PAGES = 1024  # copied at a time
TOO_LARGE = b"too large"  # in the place of a value that is; it passes no check
Migration: TypeAlias = tuple[str, ...]  # statements

MIGRATIONS: tuple[Migration, ...] = (
    (  # version 1
        """CREATE TABLE trainings (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            created REAL NOT NULL,  -- seconds since 1970
            queued REAL NOT NULL,  -- when it was last asked to run; the queue's order
            spec TEXT NOT NULL,  -- JSON, as are options, environment and outcome
            options TEXT NOT NULL,
            state TEXT NOT NULL,
            message TEXT NOT NULL DEFAULT '',
            stop_asked INTEGER NOT NULL DEFAULT 0,
            pid INTEGER,
            process_started REAL,  -- with the pid it names one process
            attempt INTEGER NOT NULL DEFAULT 0,  -- processes that have begun it so far
            environment TEXT,
            outcome TEXT
        )""",
        # AUTOINCREMENT: a position is never used again, also not after the last events were deleted
        """CREATE TABLE events (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            training TEXT NOT NULL REFERENCES trainings(id) ON DELETE CASCADE,
            run INTEGER,  -- NULL: of the training as a whole
            body TEXT NOT NULL  -- JSON
        )""",
        "CREATE INDEX events_by_training ON events (training, position)",
    ),
    (  # version 2: deleting can be undone, and what became of a damaged store is said once
        "ALTER TABLE trainings ADD COLUMN deleted_at REAL",
        "CREATE TABLE notices (text TEXT NOT NULL)",
    ),
    (  # version 3: who waits has no process until it is the next one; how many it was given so far
        "ALTER TABLE trainings ADD COLUMN launches INTEGER NOT NULL DEFAULT 0",
        # Nobody expects what waited for a process that has died long ago to begin now.
        "UPDATE trainings SET state = 'stopped', message = 'it waited when optviz was updated' "
        "WHERE state = 'queued'",
    ),
)
VERSION = len(MIGRATIONS)


def connect(path: Path, migrations: tuple[Migration, ...] = MIGRATIONS) -> sqlite3.Connection:
    """Open a store, bringing it to the last of the versions that `migrations` make.

    Raises:
        ValueError: a newer version of optviz wrote it.
        sqlite3.Error: it cannot be opened, or is damaged.
    """
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        distrust(connection)
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")  # what is committed outlives a power cut
        connection.execute("PRAGMA foreign_keys = ON")
        if version_of(connection) != len(migrations):
            _migrate(connection, path, migrations)
        connection.execute("SELECT count(*) FROM trainings, events WHERE 0")
    except BaseException:
        connection.close()
        raise
    return connection


def distrust(connection: sqlite3.Connection) -> None:
    """Have nothing run that a file may bring along."""
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    # A text that is no UTF-8 is met where it is checked, not where it is fetched with all others.
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")


def rows(
    connection: sqlite3.Connection,
    table: str,
    columns: Sequence[str],
    where: str,
    values: Sequence[Any] = (),
) -> list[tuple[int, tuple[Any, ...]]]:
    """Rows with their numbers. A column that the file is older than is None."""
    names = columns_of(connection, table, columns)
    before = connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_CELL)
    try:
        sql = f"SELECT rowid, {names} FROM {table} WHERE {where}"
        return [(row[0], row[1:]) for row in connection.execute(sql, values)]
    except sqlite3.DataError:  # one of the values is too large
        sql = f"SELECT rowid FROM {table} WHERE {where}"
        numbers = [row[0] for row in connection.execute(sql, values)]
        return [(number, cells(connection, table, names, number)) for number in numbers]
    finally:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, before)  # to delete it, it has to fit


def columns_of(connection: sqlite3.Connection, table: str, columns: Sequence[str]) -> str:
    """What to select, so that a column which the file is older than is None."""
    there = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    return ", ".join(name if name in there else "NULL" for name in columns)


def cells(connection: sqlite3.Connection, table: str, names: str, number: int) -> tuple[Any, ...]:
    """The row of this number; `names` is of `columns_of`."""
    of_row = f"FROM {table} WHERE rowid = ?"
    try:
        return connection.execute(f"SELECT {names} {of_row}", (number,)).fetchone()
    except sqlite3.DataError:
        found = []
        for name in names.split(", "):
            try:
                found.append(connection.execute(f"SELECT {name} {of_row}", (number,)).fetchone()[0])
            except sqlite3.DataError:
                found.append(TOO_LARGE)
        return tuple(found)


def size_of(path: Path) -> int:
    """Bytes of a store with what lies beside it.

    Raises:
        ValueError: one of these is no file; a pipe would be read for ever.
    """
    size = 0
    for suffix in ("", "-wal", "-shm", "-journal"):
        part = Path(f"{path}{suffix}")
        if part.is_file():
            size += part.stat().st_size
        elif part.exists() or part.is_symlink():
            raise ValueError(f"{part.name} is no file")
    return size


def copy_of(path: Path, target: Path, look: Callable[[], None] = lambda: None) -> None:
    """Copy a store as of one moment, whoever writes to it meanwhile, also off a read-only disk.

    Args:
        target: a file that is not there yet.
        look: called every few pages; what it raises ends the copying.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    log = Path(f"{path}-wal")
    mode = "ro" if log.exists() else "ro&immutable=1"  # a read-only disk has no place for a log
    try:
        with (
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True)) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy, pages=PAGES, progress=lambda *_: look())
    except sqlite3.OperationalError:
        if not log.exists() or os.access(path.parent, os.W_OK):
            raise
        # Its log cannot be read where it lies: an index of it would have to be made there.
        shutil.copyfile(path, target)
        shutil.copyfile(log, f"{target}-wal")
        with closing(sqlite3.connect(target)) as copy:
            distrust(copy)
            copy.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


@contextmanager
def transaction(connection: sqlite3.Connection, mode: str = "IMMEDIATE") -> Iterator[None]:
    """All of what is executed within, or nothing."""
    connection.execute(f"BEGIN {mode}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has rolled it back already
            connection.execute("ROLLBACK")
        raise


def _migrate(connection: sqlite3.Connection, path: Path, migrations: tuple[Migration, ...]) -> None:
    with transaction(connection):
        version = version_of(connection)  # another process may have been faster
        refuse_newer(path, version, len(migrations))
        for migration in migrations[version:]:
            for statement in migration:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")


def refuse_newer(path: Path, version: int, known: int = VERSION) -> None:
    """Raise `ValueError` where a newer optviz wrote the store."""
    if version > known:
        raise ValueError(
            f"the store {path} has version {version}, this optviz reads up to {known}: "
            "update optviz, or set OPTVIZ_HOME to another folder"
        )


def version_of(connection: sqlite3.Connection) -> int:
    """By how many migrations a store was made."""
    return connection.execute("PRAGMA user_version").fetchone()[0]


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Readers and one writer at once. Two that create a file do not wait for each other here."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
