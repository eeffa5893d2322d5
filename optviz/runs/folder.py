"""The folder of one training: its name, and files that are whole or not there."""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import platformdirs

_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{8}", re.ASCII)  # when it was asked for, and chance

SPEC, STATUS, PROCESS = "spec.json", "status.json", "process.json"
EVENTS, LOG, STOP, RESULT = "events.jsonl", "log.txt", "stop", "result.json"


def home() -> Path:
    """Where trainings are kept: `$OPTVIZ_HOME`, else the user's data folder of the system."""
    return Path(os.environ.get("OPTVIZ_HOME") or platformdirs.user_data_dir("optviz"))


def new_folder() -> Path:
    """A new, empty folder under a name that no other training has."""
    job_id = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}"
    folder = home() / "runs" / job_id
    folder.mkdir(parents=True)
    return folder


def folder_of(job_id: str) -> Path:
    """The folder of a training; the id comes from links, so nothing but an id gets through.

    Raises:
        ValueError: there is no such training.
    """
    if isinstance(job_id, str) and _ID.fullmatch(job_id):
        folder = home() / "runs" / job_id
        if (folder / SPEC).is_file():
            return folder
    raise ValueError(f"there is no training {str(job_id)[:60]!r}")


def all_folders() -> Iterator[Path]:
    """The folders of all trainings, the newest first."""
    runs = home() / "runs"
    names = sorted(os.listdir(runs), reverse=True) if runs.is_dir() else []
    for name in names:
        if _ID.fullmatch(name) and (runs / name / SPEC).is_file():
            yield runs / name


def write_json(path: Path, value: Any) -> None:
    """Write so that a reader, or a crash, finds the old file or the new one and nothing between."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.write_text(json.dumps(value), encoding="utf-8")
    os.replace(scratch, path)


def read_json(path: Path) -> dict[str, Any]:
    """What `write_json` wrote; an empty dict where there is nothing."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
