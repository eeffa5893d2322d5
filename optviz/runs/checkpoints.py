"""Checkpoints: the state of each run on disk, so that a training can go on after any end."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np

from optviz.engine.training.events import Outcome
from optviz.engine.training.snapshots import Snapshot
from optviz.folders import replace_file
from optviz.runs.checks import fields, list_of, maybe, one_of, real, whole, words
from optviz.runs.writer import Writer

# As `replacing` calls its files, and as it called them before.
_SCRATCH = re.compile(r"\.[0-9a-f]{16}\.npz|\.[0-9]+\.npz\.[0-9]+\.[0-9a-f]{8}", re.ASCII)
_META = "meta"  # JSON: all of a snapshot but the arrays, their names, and the count of events
_META_CHECKS = {
    "events": whole(0, 2**53),
    "step": whole(0, 2**53),
    "epoch": whole(0, 2**53),
    "clock": real(0, 1e300),
    "epoch_clock": real(0, 1e300),
    "val_losses": list_of(maybe(real(-1e300, 1e300))),
    "outcome": one_of(get_args(Outcome)),
    "diverged_at": whole(-1, 2**53),
    "fingerprint": words(100_000),
}


class Checkpoint(NamedTuple):
    """A snapshot, and how many events its run had told when it was taken."""

    snapshot: Snapshot
    events: int

    @property
    def ended(self) -> bool:
        """Whether nothing is left to do for the run."""
        return self.snapshot.outcome in ("finished", "diverged")


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; a crash leaves the old file or the new one.

    Raises:
        OSError: it could not be written; the old file is as it was.
    """
    snapshot = checkpoint.snapshot
    arrays = {f"a{i}": np.asarray(v) for i, v in enumerate(snapshot.arrays.values())}
    meta = snapshot._asdict() | {"arrays": list(snapshot.arrays), "events": checkpoint.events}
    arrays[_META] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, file.getvalue())


def read(path: Path) -> Checkpoint:
    """The checkpoint that `write` wrote; every byte is checked against its sum.

    Raises:
        FileNotFoundError: there is none.
        ValueError: the file is damaged.
    """
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            _refuse_packed(file.zip)
            meta = json.loads(file[_META].tobytes())
            names = meta.pop("arrays")
            arrays = {name: file[f"a{i}"] for i, name in enumerate(names)}
        fields(meta, _META_CHECKS)
        events = meta.pop("events")
        meta["val_losses"] = tuple(meta["val_losses"])
        return Checkpoint(Snapshot(arrays=arrays, **meta), events)
    except FileNotFoundError:
        raise
    except Exception as error:  # zip, NumPy and JSON each have errors of their own
        raise ValueError(f"{path.name} is damaged ({type(error).__name__})") from error


def _refuse_packed(file: zipfile.ZipFile) -> None:
    """A few bytes could unpack to any number; `write` does not pack."""
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in file.infolist()):
        raise ValueError("it is packed")


def clean(folder: Path) -> None:
    """Remove what an attempt was writing when it was killed."""
    for scratch in folder.glob(".*"):
        if _SCRATCH.fullmatch(scratch.name):
            scratch.unlink(missing_ok=True)


def path_of(folder: Path, member: int) -> Path:
    return folder / f"{member}.npz"


def find(
    folder: Path, members: int, told: Mapping[int | None, int], say: Callable[[str], None]
) -> dict[int, Checkpoint]:
    """The checkpoints that can be gone on from; the runs without one start over.

    Args:
        told: by run, how many of its events the store holds.
        say: told in one line why a checkpoint is left out.
    """
    found = {}
    for member in range(members):
        try:
            checkpoint = read(path_of(folder, member))
            if told.get(member, 0) < checkpoint.events:
                raise ValueError("it is newer than the curves in the store")
        except FileNotFoundError:
            continue
        except ValueError as error:
            say(f"The checkpoint of run {member + 1} is of no use, so the run starts over: {error}")
        else:
            found[member] = checkpoint
    return found


class Keeper:
    """Keeps the snapshots that the engine hands out, and hands them back to it.

    A snapshot never gets ahead of the curves: what its run told before is in the store first. On a
    full disk the older file stays, and the snapshot is written later, or replaced by a newer one.
    """

    def __init__(
        self,
        folder: Path,
        found: Mapping[int, Checkpoint],
        writer: Writer,
        say: Callable[[str], None],
    ) -> None:
        self._folder, self._found, self._writer, self._say = folder, dict(found), writer, say
        self._unsaved: dict[int, Checkpoint] = {}
        self._full = False

    def load(self, member: int) -> Snapshot | None:
        """What to go on from; None: start over."""
        checkpoint = self._found.pop(member, None)
        return checkpoint and checkpoint.snapshot

    def save(self, member: int, snapshot: Snapshot) -> None:
        """Keep a snapshot in the place of the last one of the same run."""
        self._unsaved[member] = Checkpoint(snapshot, self._writer.count(member))
        self._save([member])

    def close(self) -> None:
        """Once more, what a full disk did not take."""
        self._save(list(self._unsaved))

    def _save(self, members: Iterable[int]) -> None:
        if not self._writer.flush():  # it says so itself
            return
        for member in members:
            try:
                write(path_of(self._folder, member), self._unsaved[member])
            except OSError as error:
                if not self._full:
                    self._say(f"A checkpoint could not be written, the last one stays: {error}")
                self._full = True
            else:
                del self._unsaved[member]
                self._full = False
