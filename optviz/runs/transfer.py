"""Trainings from another store, as of a GPU machine without the web app."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import NamedTuple

from optviz.engine.train_events import from_json
from optviz.runs import history
from optviz.runs.checkpoints import path_of
from optviz.runs.folder import STORE, checkpoints_of, is_id
from optviz.runs.launch import checked_name
from optviz.runs.record import ENDED, Record
from optviz.runs.store import Store

NO_PROCESS = {"pid": None, "process_started": None, "stop_asked": False}


class Imported(NamedTuple):
    """What came of an import; ids."""

    new: list[str]
    present: list[str]  # were here already, and stay as they are
    refused: list[tuple[str, str]]  # with the reason


def import_from(store: Store, path: str | Path) -> Imported:
    """Take over the trainings of another store, with their curves and checkpoints.

    They keep their ids, so that importing again adds what is new. One that is still going over
    there comes as it stands, and can be resumed here. The other store is left as it is.

    Args:
        path: a store file, or the folder (`OPTVIZ_HOME`) that holds it.

    Raises:
        ValueError: one line; there is no store, it cannot be read, or a newer optviz wrote it.
        OSError: there is no room.
    """
    path = Path(path).expanduser()
    path = path / STORE if path.is_dir() else path
    if not path.is_file():
        raise ValueError(f"there is no store {path}")
    if store.path.exists() and path.samefile(store.path):
        raise ValueError(f"{path} is this computer's own store")
    store.path.parent.mkdir(parents=True, exist_ok=True)
    found = Imported([], [], [])
    here = {record.id for record in [*store.all(), *store.all(deleted=True)]}
    with tempfile.TemporaryDirectory(dir=store.path.parent, prefix=".import-") as scratch:
        try:
            _copy_checkpoints(path, Path(scratch), here)  # first: never newer than the curves
            other = Store(_copy_of(path, Path(scratch)))
            records = [*other.all(), *other.all(deleted=True)]
        except (sqlite3.Error, OSError, ValueError) as error:
            raise ValueError(f"the store {path} cannot be read: {error}") from None
        try:
            for record in reversed(records):
                if record.id in here:
                    found.present.append(record.id)
                    continue
                try:
                    _take(store, other, record, Path(scratch))
                except (ValueError, KeyError, TypeError) as error:
                    found.refused.append((str(record.id)[:60], str(error)[:300]))
                else:
                    found.new.append(record.id)
        finally:
            other.close()
    return found


def _take(store: Store, other: Store, record: Record, scratch: Path) -> None:
    """Take one training over, all of it or nothing."""
    if not is_id(record.id):
        raise ValueError("its id is none")
    history.spec_of(record)
    record = record._replace(name=checked_name(record.name), **NO_PROCESS)
    if record.state not in ENDED:
        message = "it was still going where it was imported from"
        record = record._replace(state="stopped", message=message)
    events = [(run, body) for run, body in other.events(record.id)]
    for _, body in events:
        from_json(json.loads(body))
    source, target = scratch / record.id, checkpoints_of(record.id)
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
    store.take_over(record, events)


def _copy_checkpoints(path: Path, scratch: Path, here: set[str]) -> None:
    for folder in (path.parent / "runs").glob("*/checkpoints"):
        if is_id(folder.parent.name) and folder.parent.name not in here:
            target = scratch / folder.parent.name
            target.mkdir()
            for file in folder.glob("*.npz"):
                if file.stem.isdecimal() and file.is_file() and not file.is_symlink():
                    shutil.copyfile(file, path_of(target, int(file.stem)))


def _copy_of(path: Path, scratch: Path) -> Path:
    """A copy as of one moment, whoever writes to the other store meanwhile."""
    mode = "ro" if Path(f"{path}-wal").exists() else "ro&immutable=1"  # from a read-only disk too
    source = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True)
    target = sqlite3.connect(scratch / STORE)
    try:
        source.backup(target)
        tables = {row[0] for row in target.execute("SELECT name FROM sqlite_schema")}
        if not {"trainings", "events"} <= tables:
            raise ValueError(f"it holds no trainings, or they are in a {path.name}-wal beside it")
        (verdict,) = target.execute("PRAGMA quick_check(1)").fetchone()
    finally:
        source.close()
        target.close()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)
    return scratch / STORE
