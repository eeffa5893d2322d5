"""What becomes of trainings that are kept: renamed, deleted, brought back, removed, taken over."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from optviz.runs.folder import folder_of
from optviz.runs.launch import checked_name, existing
from optviz.runs.record import UnreadableError
from optviz.runs.status import FINAL, state_of
from optviz.runs.store import current
from optviz.runs.transfer import Imported
from optviz.runs.transfer import import_from as import_into

DAY = 86_400.0  # seconds
KEEP_DAYS = 30.0  # for which deleting can be undone


def rename(job_id: str, name: str) -> None:
    """Give a training another name.

    Raises:
        ValueError: there is no such training, or the name is empty or too long.
    """
    store = current()
    existing(store, job_id)
    store.rename(job_id, checked_name(name))


def delete(job_id: str) -> None:
    """Take a training that has ended off the lists; `restore` undoes it.

    Raises:
        ValueError: there is no such training, or it is still going.
    """
    store = current()
    try:
        going = state_of(store, existing(store, job_id)) not in FINAL
    except UnreadableError:
        going = False
    if going:
        raise ValueError(f"training {job_id} is still going; stop it first")
    store.delete(job_id)


def restore(job_id: str) -> None:
    """Bring a deleted training back.

    Raises:
        ValueError: there is no such training, or it was not deleted.
    """
    store = current()
    if not store.is_deleted(job_id):
        raise ValueError(f"training {job_id} is not deleted")
    store.restore(job_id)


def purge(*, days: float | None = KEEP_DAYS, compact: bool = False) -> int:
    """Really remove what was deleted at least so many days ago, checkpoints too; how many.

    Args:
        days: None: whatever was deleted.
        compact: whether to make the store's own file smaller too, which takes a moment.
    """

    def remove_folders(ids: list[str]) -> None:
        for training in ids:
            shutil.rmtree(folder_of(training), ignore_errors=True)

    store = current()
    count = store.purge(_before(days), remove_folders)
    if compact:
        store.compact()
    return count


def purgeable(*, days: float | None = KEEP_DAYS) -> tuple[int, int]:
    """How many trainings `purge` would remove, and the bytes of their checkpoints and logs."""
    ids = current().deleted_before(_before(days))
    files = (file for training in ids for file in folder_of(training).rglob("*"))
    return len(ids), sum(file.lstat().st_size for file in files)


def _before(days: float | None) -> float | None:
    return None if days is None else time.time() - days * DAY


def import_from(path: str | Path) -> Imported:
    """Take over the trainings of another store, or of another `OPTVIZ_HOME`; see `transfer`.

    Raises:
        ValueError: one line; there is no store, or it cannot be read.
    """
    return import_into(current(), path)


def notice() -> str | None:
    """What has to be said once about the store, as that it was damaged; None: nothing."""
    return current().notice()
