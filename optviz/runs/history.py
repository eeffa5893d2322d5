"""What trainings were asked for and what they have told, read from the store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from optviz.engine.training.events import Event, Standing, TrainResult
from optviz.runs.record import Record, UnreadableError
from optviz.runs.store import Store
from optviz.runs.told import Account, event_of
from optviz.specs.experiment import TrainSpec

READ_EVENTS = 2000  # at a time


class News(NamedTuple):
    """Events since the last look.

    Where `attempt` is not that of the last look, the training was resumed meanwhile: a watcher
    forgets what it has and reads from 0 on.
    """

    events: list[Event]
    position: int  # give this as `since` next time
    attempt: int  # processes that have begun the training so far


def spec_of(record: Record) -> TrainSpec:
    """What a training was asked for.

    Raises:
        UnreadableError: another version, or nobody, wrote what is not known now.
    """
    found = _spec(json.dumps(record.spec))
    if isinstance(found, str):
        raise UnreadableError(f"training {record.id} cannot be read: {found}")
    return found


def unreadable(record: Record) -> str | None:
    """Why its spec cannot be read; None: it can."""
    found = _spec(json.dumps(record.spec))
    return found if isinstance(found, str) else None


@lru_cache(maxsize=4096)  # lists look at each of them every second
def _spec(text: str) -> TrainSpec | str:
    """The spec, or why there is none."""
    try:
        return TrainSpec.from_json(json.loads(text))
    except KeyError as error:
        missing = str(error.args[0])  # a field, or what is said of an unknown name
        return f"spec: it lacks {missing}" if missing.isidentifier() else f"spec: {missing}"
    except Exception as error:  # whatever an entry, or a plug-in's, makes of odd values
        kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
        return f"spec: {kind}" + " ".join(str(error).split())[:300]


def read(store: Store, training: str, since: int = 0) -> News:
    """The events after `since`, a `position` returned before; 0: from the start.

    Raises:
        ValueError: there is no such training, or an event cannot be read.
    """
    attempt, rows = store.read(training, since, READ_EVENTS)
    events = []
    for position, body in rows:
        try:
            events.append(event_of(body))
        except ValueError as error:
            raise UnreadableError(
                f"training {training} cannot be read: event {position}: {error}"
            ) from None
    return News(events, rows[-1][0] if rows else since, attempt)


def result(store: Store, record: Record) -> TrainResult:
    """Everything that a training has told so far.

    Raises:
        UnreadableError: its spec or one of its events cannot be read.
    """
    so_far, news = TrainResult.empty(spec_of(record)), read(store, record.id)
    account, attempt = Account(so_far.spec), news.attempt
    while news.events:
        for event in news.events:
            try:
                account.take(event)
            except ValueError as error:
                raise UnreadableError(f"training {record.id} cannot be read: {error}") from None
            so_far.add(event)
        news = read(store, record.id, news.position)
        if news.attempt != attempt:
            return result(store, record)
    return so_far


_STANDING: Mapping[str, Standing] = {
    "queued": "waiting",
    "stopped": "stopped",
    "failed": "failed",
    "dead": "broken off",
}


def standing(result: TrainResult, state: str) -> TrainResult:
    """The result of a training in this state: runs that have told no end stand as it does."""
    word = _STANDING.get(state, "running")
    runs = [replace(run, outcome=word) if run.outcome == "running" else run for run in result.runs]
    return replace(result, runs=runs)


def outcome(result: TrainResult) -> list[dict[str, Any]]:
    """How each run stands, in few numbers for lists: plain JSON data."""
    return [
        {
            "label": run.label,
            "outcome": run.outcome,
            "diverged_at": run.diverged_at,
            "steps": len(run.losses),
            "best_accuracy": max(
                (e.val_accuracy for e in run.epochs if e.val_accuracy is not None), default=None
            ),
            "last_epoch": run.epochs[-1]._asdict() if run.epochs else None,
        }
        for run in result.runs
    ]
