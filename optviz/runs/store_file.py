"""The file of the store: opened, looked after, and set aside where it is damaged."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

from optviz.runs.locks import alone
from optviz.runs.schema import (
    VERSION,
    connect,
    distrust,
    refuse_newer,
    transaction,
    version_of,
)

T = TypeVar("T")


class UnavailableError(OSError):
    """The store cannot be read or written just now, as on a full disk; nothing was changed."""


class StoreFile:
    """A connection to a SQLite file that any number of threads and processes use at once."""

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

    def notice(self) -> str | None:
        """What has to be said about the store, once and to one who asks; None: nothing."""

        def take(c: sqlite3.Connection) -> str | None:
            rows = c.execute("DELETE FROM notices RETURNING text").fetchall()
            return " ".join(row[0] for row in rows) or None

        text = self.look(lambda c: c.execute("SELECT text FROM notices").fetchone())
        if text is None:
            return None
        try:
            return self.write(take)
        except UnavailableError:  # a disk that is full or cannot be written: it is said again
            return text[0]

    def write(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Change something: all of it, or nothing where this raises."""

        def within(c: sqlite3.Connection) -> T:
            with transaction(c):
                return action(c)

        return self.do(within)

    def settle(self) -> None:
        """Have the file hold everything, so that it can be carried away without the -wal beside it.

        What another process reads just now, or a full disk, puts it off to the next time.
        """
        with suppress(UnavailableError):
            self.do(lambda c: c.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone())

    def do(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Have an action done with the connection.

        Raises:
            UnavailableError: the file cannot be read or written just now.
            ValueError: a newer version of optviz wrote it.
        """
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

    def look(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Have something read, also where the disk is full or cannot be written.

        Raises:
            UnavailableError: the file cannot be read just now.
            ValueError: a newer version of optviz wrote it.
        """
        with self._lock:
            try:
                return self.do(action)
            except (UnavailableError, PermissionError) as error:
                if not self.path.is_file():
                    raise
                why = error
            try:
                return _look_only(self.path, action)
            except (sqlite3.Error, OSError):
                raise why from None

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


def _look_only(path: Path, action: Callable[[sqlite3.Connection], T]) -> T:
    """Read a store beside which nothing can be written: no log, no index of one."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    log = Path(f"{path}-wal")
    # Without a log nobody has it open, so that it stays as it is.
    alone = not (log.exists() and log.stat().st_size)
    for more in ("", "&immutable=1") if alone else ("",):
        with suppress(sqlite3.OperationalError), closing(_connection(uri + more)) as connection:
            version = version_of(connection)
            refuse_newer(path, version)
            if version == VERSION:
                return action(connection)
    # Elsewhere it can be brought up to date, or its log be read.
    with tempfile.TemporaryDirectory(prefix="optviz-") as folder:
        copy = Path(folder) / path.name
        shutil.copyfile(path, copy)
        if not alone:
            shutil.copyfile(log, f"{copy}-wal")
        with closing(connect(copy)) as connection:
            return action(connection)


def _connection(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    distrust(connection)
    return connection


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
