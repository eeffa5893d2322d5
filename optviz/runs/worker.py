"""The process of one training: `python -m optviz.runs.worker FOLDER`, started by `jobs`."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from optviz.runs import folder as files

QUEUE_SECONDS = 0.3


def main(folder: Path) -> int:
    """Train what the folder's spec says, and leave everything in the folder."""
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _make_room()
    record = files.read_json(folder / files.SPEC)

    def should_stop() -> bool:
        return stopping.is_set()

    def say(state: str, message: str = "") -> None:
        status = {"state": state, "message": message, "created": record["created"]}
        files.write_json(folder / files.STATUS, status)

    if (folder / files.STOP).exists():
        stopping.set()
    try:
        with _turn(should_stop):
            if should_stop():
                say("stopped")
                return 0
            say("running")
            stopped = _train(folder, record, should_stop)
    except ValueError as error:
        say("stopped" if should_stop() else "failed", str(error))
        return 1
    except BaseException as error:
        traceback.print_exc()
        say("failed", f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"[:300])
        return 1
    say("stopped" if stopped else "finished")
    return 0


def _make_room() -> None:
    """Be nice, and leave one core to whoever watches. Before JAX counts the cores."""
    if hasattr(os, "nice"):
        os.nice(10)
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[1:] or cores)
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")


def _train(folder: Path, record: dict[str, Any], should_stop: Callable[[], bool]) -> bool:
    """Train, writing each event as a line; whether it was stopped."""
    from optviz.engine import compile_cache
    from optviz.engine.train_events import Downloading, Event, to_json
    from optviz.runs.training import run_training
    from optviz.specs.train import TrainSpec

    compile_cache.enable()
    told = 0.0
    with (folder / files.EVENTS).open("ab", buffering=0) as file:

        def write(event: Event) -> None:
            file.write(json.dumps(to_json(event), separators=(",", ":")).encode() + b"\n")

        def on_download(done: int, total: int) -> None:
            nonlocal told
            if should_stop():
                raise ValueError("the download was stopped; the next one goes on from there")
            if time.monotonic() - told > 0.5 or done == total:
                told = time.monotonic()
                write(Downloading("downloading", done, total))

        result = run_training(
            TrainSpec.from_json(record["spec"]),
            write,
            should_stop,
            download=record["download"],
            on_download=on_download,
        )
    files.write_json(folder / files.RESULT, result.to_json())
    return any(run.outcome == "stopped" for run in result.runs)


@contextmanager
def _turn(should_stop: Callable[[], bool]) -> Iterator[None]:
    """Wait for one of few places, so that many trainings do not slow each other down.

    A place is a locked file: the system frees it however its process ends. `$OPTVIZ_JOBS` says how
    many there are; one for every four cores unless said otherwise.
    """
    try:
        import fcntl
    except ImportError:  # Windows: no queue
        yield
        return
    places = int(os.environ.get("OPTVIZ_JOBS") or max(1, (os.cpu_count() or 1) // 4))
    folder = files.home() / "places"
    folder.mkdir(parents=True, exist_ok=True)
    held: list[int] = []
    while not held and not should_stop():
        for place in range(places):
            handle = os.open(folder / f"{place}.lock", os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(handle)
            else:
                held.append(handle)
                break
        else:
            time.sleep(QUEUE_SECONDS)
    try:
        yield
    finally:
        for handle in held:
            os.close(handle)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
