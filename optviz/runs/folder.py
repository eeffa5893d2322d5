"""Where trainings are kept on this computer, and the names they have there."""

from __future__ import annotations

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
