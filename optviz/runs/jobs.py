"""Trainings: started in processes of their own or in this one, watched and stopped from anywhere.

All that is known about a training lies in the store, so that a page that was reloaded, another
page or a restarted app finds it by its id alone. The training does not notice who watches.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from optviz.engine.training.events import Event, Started, TrainResult
from optviz.runs import history, places, processes, queue, shelf
from optviz.runs.attempt import Stop, carry_out
from optviz.runs.folder import checkpoints_of, folder_of
from optviz.runs.history import News
from optviz.runs.launch import (
    check_queue,
    claim,
    create,
    existing,
    options_of,
)
from optviz.runs.record import Record, Unreadable
from optviz.runs.status import FINAL, Status, state_of, status_of, unreadable
from optviz.runs.store import Store, current
from optviz.specs.experiment import TrainSpec

PLATFORMS = "JAX_PLATFORMS"


def start(
    spec: TrainSpec,
    *,
    download: bool = False,
    env: Mapping[str, str] | None = None,
    checkpoint_every: int | None = None,
    deterministic: bool = False,
    name: str | None = None,
) -> str:
    """Start a training in its own process and return at once.

    Args:
        spec: what to train.
        download: whether images that are not on this computer may be downloaded.
        env: what JAX should run on (`JAX_PLATFORMS`); nothing else is kept for a process that
            another one begins, later.
        checkpoint_every: steps of a run between two checkpoints; None: about every half minute.
        deterministic: whether numbers must not depend on how many cores there are.
        name: shown in lists; None: made from the spec.

    Returns:
        The id under which the other functions know it.

    Raises:
        ValueError: one line; bad settings, or too many trainings wait.
    """
    store = current()
    check_queue(store)
    shelf.purge()
    options = options_of(download, checkpoint_every, deterministic, _platforms(env))
    training = create(store, spec, options, name)
    queue.advance(store)
    return training


def _platforms(env: Mapping[str, str] | None) -> str:
    """What JAX should run on; "": whatever it finds."""
    if unknown := set(env or {}) - {PLATFORMS}:
        raise ValueError(f"env may hold {PLATFORMS}, got {', '.join(sorted(unknown))}")
    return (env or os.environ).get(PLATFORMS, "")


def resume(job_id: str, *, env: Mapping[str, str] | None = None) -> None:
    """Go on with a training that has not finished, in a new process, and return at once.

    Each run goes on from its last checkpoint. What it had told after that is told again.

    Raises:
        ValueError: there is no such training, it is going or has finished, or too many wait.
    """
    store = current()
    check_queue(store)
    history.spec_of(existing(store, job_id))
    claim(store, job_id, _platforms(env))
    queue.advance(store)


def run_here(
    spec: TrainSpec | str,
    *,
    download: bool = False,
    checkpoint_every: int | None = None,
    deterministic: bool = False,
    name: str | None = None,
    on_event: Callable[[Event], None] = lambda event: None,
    say: Callable[[str], None] = lambda line: None,
) -> TrainResult:
    """Train in this process, without queueing, as a training that is listed and can be resumed.

    Args:
        spec: what to train, or the id of a training to be resumed, whose options then count.
        on_event: called with each event of this process as it happens.
        say: told in one line what else is worth knowing; the id once the images are there.

    Returns:
        Everything that the training has told, before it was resumed too.

    Raises:
        ValueError: one line; bad settings, missing files.
        OSError: one line; the disk was full for too long.
        KeyboardInterrupt: it was stopped by the keyboard, after what it has was kept.
        SystemExit: likewise, by a signal of the system.
    """
    store, stop, begun = current(), Stop(), False

    def tell(event: Event) -> None:
        nonlocal begun
        if isinstance(event, Started) and not begun:
            begun = True
            say(f"Training {training}")
        on_event(event)

    with stop.listening(keyboard=True):
        if isinstance(spec, str):
            training = spec
            history.spec_of(existing(store, training))
            claim(store, training, os.environ.get(PLATFORMS), processes.myself())
        else:
            platforms = os.environ.get(PLATFORMS)
            options = options_of(download, checkpoint_every, deterministic, platforms)
            training = create(store, spec, options, name, processes.myself())
        failure = carry_out(store, training, stop, tell, say)
    if failure is not None:
        if not begun and not isinstance(spec, str):  # a typing error is not worth a line in lists
            store.delete(training)
        raise failure
    if stop.interrupted:
        raise KeyboardInterrupt
    if stop.exit_code:
        raise SystemExit(stop.exit_code)
    return result(training)


def status(job_id: str) -> Status:
    """How a training stands.

    Raises:
        ValueError: there is no such training.
    """
    store = current()
    record = existing(store, job_id)
    if record.state == "queued":
        queue.look(store)
    return _status(store, record)


def _status(store: Store, record: Record, line: list[str] | None = None) -> Status:
    """How a training stands: unreadable too where only its spec is."""
    status = status_of(store, record, line)
    if status.ended and (why := history.unreadable(record)) is not None:
        return unreadable(Unreadable(record.id, record.name, record.created, why))
    return status


def spec_of(job_id: str) -> TrainSpec:
    """What a training was asked for.

    Raises:
        ValueError: there is no such training, or another version wrote what is not known now.
    """
    return history.spec_of(existing(current(), job_id))


def process_of(job_id: str) -> dict[str, Any]:
    """How its process works: `checkpoint_every` and `deterministic`, as `start` takes them.

    Raises:
        ValueError: there is no such training.
    """
    options = existing(current(), job_id).options
    return {
        "checkpoint_every": options.get("checkpoint_every"),
        "deterministic": bool(options.get("deterministic")),
    }


def read(job_id: str, since: int = 0) -> News:
    """The events after `since`, a `position` returned before; 0: from the start.

    Cheap enough to be called many times a second: it reads only what is new.

    Raises:
        ValueError: there is no such training.
    """
    folder_of(job_id)
    return history.read(current(), job_id, since)


def result(job_id: str) -> TrainResult:
    """Everything that a training has told so far.

    Raises:
        ValueError: there is no such training.
    """
    store = current()
    record = existing(store, job_id)
    return history.standing(history.result(store, record), state_of(store, record))


def has_checkpoint(job_id: str) -> bool:
    """Whether any of its runs can go on from where it was; else it can only start again."""
    return any(checkpoints_of(job_id).glob("*.npz"))


def stop(job_id: str, *, grace: float = 10.0, wait: bool = True) -> None:
    """Ask a training to end; it does so within a step, keeping what it has.

    Args:
        grace: seconds until a training that does not answer is killed.
        wait: whether to return only when it has ended.

    Raises:
        ValueError: there is no such training.
    """
    store = current()
    record = existing(store, job_id)
    if state_of(store, record) in FINAL:
        return
    with suppress(OSError):  # a full disk; the signal reaches those that have begun
        store.ask_stop(job_id)
    process = processes.find(record.pid, record.process_started)
    if process is not None:
        processes.end(process, grace, wait)
    else:
        store.end_waiting(record, "stopped")


def list_jobs(search: str | None = None, *, deleted: bool = False) -> list[Status]:
    """All trainings, or those that were deleted; the newest first.

    Args:
        search: words that name, id, state, spec, device or message contain, in any order.
    """
    store = current()
    line = places.line(store)
    if line:
        queue.look(store)
    words = (search or "").casefold().split()
    found = []
    for row in store.rows(deleted=deleted):
        status = unreadable(row) if isinstance(row, Unreadable) else _status(store, row, line)
        if not words or _has(status, words):
            found.append(status)
    return found


def _has(status: Status, words: list[str]) -> bool:
    what = (status.id, status.name, status.state, status.message, *status.spec.values())
    text = " ".join(map(str, (*what, (status.environment or {}).get("device")))).casefold()
    return all(word in text for word in words)
