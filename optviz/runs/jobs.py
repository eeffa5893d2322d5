"""Trainings in processes of their own: started here, watched and stopped from anywhere.

All that is known about a training lies in its folder, so that a page that was reloaded, another
page or a restarted app finds it by its id alone. The training does not notice who watches.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import psutil

from optviz.engine.train_events import Event, TrainResult, from_json
from optviz.runs import folder as files
from optviz.specs.train import TrainSpec

State: TypeAlias = Literal["queued", "running", "finished", "stopped", "failed", "dead"]
FINAL = ("finished", "stopped", "failed", "dead")
LOG_LINES = 20
READ_BYTES = 1 << 22  # at most this much of the events at a time

_children: dict[str, subprocess.Popen[bytes]] = {}  # of this process, to be reaped


class Status(NamedTuple):
    """How a training stands.

    `dead` is a training whose process ended without saying why, as after a crash or a kill.
    """

    id: str
    state: State
    pid: int | None
    created: float  # seconds since 1970
    message: str  # why it failed, in one line; else empty
    log: tuple[str, ...]  # the last lines of its output, where it failed or died

    @property
    def ended(self) -> bool:
        return self.state in FINAL


class News(NamedTuple):
    """Events since the last look."""

    events: list[Event]
    position: int  # give this as `since` next time


def start(spec: TrainSpec, *, download: bool = False, env: Mapping[str, str] | None = None) -> str:
    """Start a training in its own process and return at once.

    Args:
        spec: what to train.
        download: whether images that are not on this computer may be downloaded.
        env: environment variables to add, such as `JAX_PLATFORMS`.

    Returns:
        The id under which the other functions know it.

    Raises:
        ValueError: one line; bad settings.
    """
    spec.check()
    record = spec.to_json()
    TrainSpec.from_json(record)  # rules that live in Python only cannot go to another process
    folder = files.new_folder()
    now = time.time()
    files.write_json(folder / files.STATUS, {"state": "queued", "created": now})
    files.write_json(folder / files.SPEC, {"spec": record, "download": download, "created": now})
    package = str(Path(__file__).parents[2])  # importable also where optviz is not installed
    path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    with (folder / files.LOG).open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "optviz.runs.worker", str(folder)],
            cwd=folder,
            env={**os.environ, **(env or {}), "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # the app's end, or Ctrl-C in its terminal, is not the job's
        )
    _children[folder.name] = process
    files.write_json(folder / files.PROCESS, {"pid": process.pid})
    return folder.name


def status(job_id: str) -> Status:
    """How a training stands.

    Raises:
        ValueError: there is no such training.
    """
    return _status(files.folder_of(job_id))


def spec_of(job_id: str) -> TrainSpec:
    """What a training was asked for.

    Raises:
        ValueError: there is no such training, or an older version wrote what is not known now.
    """
    record = files.read_json(files.folder_of(job_id) / files.SPEC)
    try:
        return TrainSpec.from_json(record["spec"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"training {job_id} cannot be read: {error}") from None


def read(job_id: str, since: int = 0) -> News:
    """The events that were written after `since`, a `position` returned before; 0: from the start.

    Cheap enough to be called many times a second: it reads only what is new.

    Raises:
        ValueError: there is no such training.
    """
    path = files.folder_of(job_id) / files.EVENTS
    try:
        with path.open("rb") as file:
            file.seek(since)
            text = file.read(READ_BYTES)
    except FileNotFoundError:
        return News([], since)
    whole = text[: text.rfind(b"\n") + 1]  # the last line may be half written
    return News([from_json(json.loads(line)) for line in whole.splitlines()], since + len(whole))


def result(job_id: str) -> TrainResult:
    """Everything that a training has told so far.

    Raises:
        ValueError: there is no such training.
    """
    so_far, position = TrainResult.empty(spec_of(job_id)), -1
    news = read(job_id)
    while news.position > position:
        for event in news.events:
            so_far.add(event)
        position = news.position
        news = read(job_id, position)
    return so_far


def stop(job_id: str, *, grace: float = 10.0, wait: bool = True) -> None:
    """Ask a training to end; it does so within a step, keeping what it has.

    Args:
        grace: seconds until a training that does not answer is killed.
        wait: whether to return only when it has ended.

    Raises:
        ValueError: there is no such training.
    """
    folder = files.folder_of(job_id)
    if _status(folder).ended:
        return
    (folder / files.STOP).touch()
    process = _process(folder)
    if process is None:
        return
    try:
        process.terminate()
    except psutil.Error:
        return
    waiter = threading.Thread(target=_kill_after, args=(folder, process, grace), daemon=True)
    waiter.start()
    if wait:
        waiter.join()


def list_jobs() -> list[Status]:
    """All trainings, the newest first."""
    return [_status(folder) for folder in files.all_folders()]


def delete(job_id: str) -> None:
    """Forget a training that has ended.

    Raises:
        ValueError: there is no such training, or it is still going.
    """
    folder = files.folder_of(job_id)
    if not _status(folder).ended:
        raise ValueError(f"training {job_id} is still going; stop it first")
    (folder / files.SPEC).unlink()  # from here on it is not listed, whatever happens next
    shutil.rmtree(folder, ignore_errors=True)


def _status(folder: Path) -> Status:
    alive = _process(folder) is not None  # asked first: the last word is written before the end
    record = files.read_json(folder / files.STATUS)
    process = files.read_json(folder / files.PROCESS)
    state, message = record.get("state", "queued"), record.get("message", "")
    young = time.time() - record.get("created", 0) < 5 and not process  # being started just now
    if state not in FINAL and not alive and not young:
        stopped = (folder / files.STOP).exists()
        state = "stopped" if stopped else "dead"
        message = "" if stopped else "its process ended without a word"
    pid = process.get("pid") if alive and state not in FINAL else None
    log = _tail(folder / files.LOG) if state in ("failed", "dead") else ()
    return Status(folder.name, state, pid, record.get("created", 0.0), message, log)


def _process(folder: Path) -> psutil.Process | None:
    """The training's process, if it is still the one that was started."""
    child = _children.get(folder.name)
    if child is not None and child.poll() is not None:
        _children.pop(folder.name, None)
    record: dict[str, Any] = files.read_json(folder / files.PROCESS)
    try:
        process = psutil.Process(record["pid"])
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        # Numbers are used again by other processes; a command with this folder is not. For a
        # moment after its start a process has no command at all.
        command = process.cmdline()
        return process if not command or str(folder) in command else None
    except (psutil.Error, KeyError):
        return None


def _kill_after(folder: Path, process: psutil.Process, grace: float) -> None:
    try:
        process.wait(grace)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(grace)
    except psutil.Error:
        pass
    _process(folder)  # reap it


def _tail(path: Path) -> tuple[str, ...]:
    """The last lines of a file that may be long."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 8192))
            return tuple(file.read().decode("utf-8", "replace").splitlines()[-LOG_LINES:])
    except OSError:
        return ()
