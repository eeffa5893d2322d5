"""Trainings from another store, as of a GPU machine without the web app."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from optviz.folders import expanded
from optviz.runs import history
from optviz.runs.checkpoints import path_of
from optviz.runs.folder import STORE, checkpoints_of, is_id
from optviz.runs.foreign import Foreign
from optviz.runs.launch import checked_name
from optviz.runs.record import ENDED, Record, Unreadable
from optviz.runs.store import Store
from optviz.runs.told import Account, event_of

NO_PROCESS = {"pid": None, "process_started": None, "stop_asked": False}
SCRATCH = ".import-"
ABANDONED = 86_400.0  # seconds after which whoever made it has gone
MAX_REFUSED = 1000  # that are named one by one


class Imported(NamedTuple):
    """What came of an import; ids."""

    new: list[str]
    present: list[str]  # were here already, and stay as they are
    refused: list[tuple[str, str]]  # what was left out, with the reason


def import_from(store: Store, path: str | Path) -> Imported:
    """Take over the trainings of another store, with their curves and checkpoints.

    They keep their ids, so that importing again adds what is new. One that is still going over
    there comes as it stands, and can be resumed here. One that is damaged is left out, and named.
    The other store is left as it is.

    Args:
        path: a store file, or the folder (`OPTVIZ_HOME`) that holds it.

    Raises:
        ValueError: one line; there is no store, it cannot be read, or a newer optviz wrote it.
        OSError: there is no room.
    """
    path = expanded(path)
    path = path / STORE if path.is_dir() else path
    if not path.is_file():
        raise ValueError(f"there is no store {path}")
    if store.path.exists() and path.samefile(store.path):
        raise ValueError(f"{path} is this computer's own store")
    store.path.parent.mkdir(parents=True, exist_ok=True)
    _clean(store.path.parent)
    here = {row.id for deleted in (False, True) for row in store.rows(deleted=deleted)}
    with tempfile.TemporaryDirectory(dir=store.path.parent, prefix=SCRATCH) as folder:
        scratch = Path(folder)
        try:
            _copy_checkpoints(path, scratch, here)  # first: never newer than the curves
            other = Foreign(path, scratch)
        except (sqlite3.Error, OSError, ValueError) as error:
            raise ValueError(f"the store {path} cannot be read: {_line(error)}") from None
        with closing(other):
            found = _take_all(store, other, here, scratch)
        if [what for what, _ in found.refused] == ["the rest"] and not (found.new or found.present):
            raise ValueError(f"the store {path} cannot be read: {found.refused[0][1]}")
        return found


def _take_all(store: Store, other: Foreign, here: set[str], scratch: Path) -> Imported:
    found = Imported([], [], [])
    try:
        for row in other.trainings():
            if row.id in here:
                found.present.append(row.id)
                continue
            try:
                taken = _take(store, other, row, scratch)
            except (ValueError, sqlite3.Error) as error:
                _refuse(found, row.id, _line(error))
            else:
                (found.new if taken else found.present).append(row.id)
    except (sqlite3.Error, ValueError, TimeoutError) as error:
        _refuse(found, "the rest", _line(error))
    if other.damage:
        _refuse(found, "what is damaged", other.damage)
    return found


def _refuse(found: Imported, what: str, why: str) -> None:
    if len(found.refused) < MAX_REFUSED:
        found.refused.append((what, why[:300]))
    elif len(found.refused) == MAX_REFUSED:
        found.refused.append(("more", f"only the first {MAX_REFUSED} are named"))


def _take(store: Store, other: Foreign, row: Record | Unreadable, scratch: Path) -> bool:
    """Take one training over, all of it or nothing; False: another import was faster."""
    if isinstance(row, Unreadable):
        raise ValueError(row.why)
    record = row._replace(name=checked_name(row.name), **NO_PROCESS)
    if record.state not in ENDED:
        message = "it was still going where it was imported from"
        record = record._replace(state="stopped", message=message)
    _check_events(other, record)  # all of them, before the store is locked for writing
    source, target = scratch / record.id, checkpoints_of(record.id)

    def bring_checkpoints() -> None:
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)

    return store.take_over(record, other.events(record.id), bring_checkpoints)


def _check_events(other: Foreign, record: Record) -> None:
    """Raise `ValueError` for the first event that cannot be read, or does not fit."""
    account = Account(history.spec_of(record))
    for number, (run, body) in enumerate(other.events(record.id)):
        try:
            event = event_of(body)
            if getattr(event, "run", None) != run:
                raise ValueError("it tells of another run than its row")
            account.take(event)
        except ValueError as error:
            raise ValueError(f"event {number}: {error}") from None


def _clean(home: Path) -> None:
    """Remove what imports that were killed have left."""
    for scratch in home.glob(f"{SCRATCH}*"):
        with suppress(OSError):
            if time.time() - scratch.lstat().st_mtime > ABANDONED:
                shutil.rmtree(scratch, ignore_errors=True)


def _line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return "reading it takes too long" if text == "interrupted" else text or type(error).__name__


def _copy_checkpoints(path: Path, scratch: Path, here: set[str]) -> None:
    files = [
        file
        for folder in (path.parent / "runs").glob("*/checkpoints")
        if is_id(folder.parent.name) and folder.parent.name not in here
        for file in folder.glob("*.npz")
        if file.stem.isdecimal() and file.is_file() and not file.is_symlink()
    ]
    size = sum(file.stat().st_size for file in files)
    if size > shutil.disk_usage(scratch).free:
        raise ValueError(f"there is no room for its {size:,} bytes of checkpoints")
    for file in files:
        target = scratch / file.parent.parent.name
        target.mkdir(exist_ok=True)
        shutil.copyfile(file, path_of(target, int(file.stem)))
