"""Where trainings are kept on this computer, and the names they have there."""

from __future__ import annotations

import os
import re
import secrets
import time
from pathlib import Path

from optviz.folders import home

_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{8}", re.ASCII)  # when it was asked for, and chance

STORE = "store.sqlite"


def new_id() -> str:
    """A name that no other training has, on no other machine either."""
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}"


def is_id(text: object) -> bool:
    """Whether the text is a training's name; it comes from links and other machines' files."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def folder_of(training: str) -> Path:
    """The folder of a training's log and checkpoints.

    Raises:
        ValueError: no training can have this name, so that no other folder is ever touched.
    """
    if not is_id(training):
        raise ValueError(f"there is no training {str(training)[:60]!r}")
    return home() / "runs" / training


def log_of(training: str) -> Path:
    """What a training's process printed."""
    return folder_of(training) / "log.txt"


def checkpoints_of(training: str) -> Path:
    """The folder of a training's checkpoints."""
    return folder_of(training) / "checkpoints"


def replace_file(path: Path, content: bytes) -> None:
    """Write so that a reader, or a crash, finds the old file or the new one and nothing between.

    Raises:
        OSError: it could not be written; the old file is as it was.
    """
    scratch = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with scratch.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)
    if os.name == "posix":  # so that the new name outlives a power cut too
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
