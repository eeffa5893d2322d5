"""The store's tables by version, and how a file of an older version becomes one of today."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

BUSY_SECONDS = 20.0  # how long one waits while another process writes
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
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")  # what is committed outlives a power cut
        connection.execute("PRAGMA foreign_keys = ON")
        if _version(connection) != len(migrations):
            _migrate(connection, path, migrations)
        connection.execute("SELECT count(*) FROM trainings, events WHERE 0")
    except BaseException:
        connection.close()
        raise
    return connection


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
        version = _version(connection)  # another process may have been faster
        if version > len(migrations):
            raise ValueError(
                f"the store {path} has version {version}, this optviz reads up to "
                f"{len(migrations)}: update optviz, or set OPTVIZ_HOME to another folder"
            )
        for migration in migrations[version:]:
            for statement in migration:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")


def _version(connection: sqlite3.Connection) -> int:
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
