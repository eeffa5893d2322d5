"""What trainings were asked for and what they have told, read from the store."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from optviz.engine.train_events import Event, TrainResult, from_json
from optviz.runs.record import Record
from optviz.runs.store import Store
from optviz.specs.train import TrainSpec

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
        ValueError: another version wrote what is not known now.
    """
    try:
        return TrainSpec.from_json(record.spec)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"training {record.id} cannot be read: {error}") from None


def read(store: Store, training: str, since: int = 0) -> News:
    """The events after `since`, a `position` returned before; 0: from the start."""
    attempt, rows = store.read(training, since, READ_EVENTS)
    events = [from_json(json.loads(body)) for _, body in rows]
    return News(events, rows[-1][0] if rows else since, attempt)


def result(store: Store, record: Record) -> TrainResult:
    """Everything that a training has told so far."""
    so_far, news = TrainResult.empty(spec_of(record)), read(store, record.id)
    attempt = news.attempt
    while news.events:
        for event in news.events:
            so_far.add(event)
        news = read(store, record.id, news.position)
        if news.attempt != attempt:
            return result(store, record)
    return so_far


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
