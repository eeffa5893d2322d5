"""One training as the store holds it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

ENDED = ("finished", "stopped", "failed")  # what a process says of itself at its end

_JSON = ("spec", "options", "environment", "outcome")


class Record(NamedTuple):
    """One training as the store holds it."""

    id: str
    name: str
    created: float  # seconds since 1970
    queued: float  # when it was last asked to run
    spec: dict[str, Any]
    options: dict[str, Any]
    state: str  # queued, running or one of ENDED, as its process last said
    message: str
    stop_asked: bool
    pid: int | None
    process_started: float | None
    attempt: int  # processes that have begun it so far
    environment: dict[str, Any] | None
    outcome: list[dict[str, Any]] | None
    deleted_at: float | None

    @classmethod
    def of(cls, row: Sequence[Any]) -> Record:
        """The record that a row of the table holds."""
        record = cls(*row)
        parsed = {name: json.loads(v) for name in _JSON if (v := getattr(record, name))}
        return record._replace(stop_asked=bool(record.stop_asked), **parsed)

    def row(self) -> list[Any]:
        """The row of the table that holds the record."""
        return [
            json.dumps(value) if name in _JSON and value is not None else value
            for name, value in self._asdict().items()
        ]

    @property
    def ended(self) -> bool:
        return self.state in ENDED


class Waiting(NamedTuple):
    """A queued training."""

    id: str
    pid: int | None
    process_started: float | None
    queued: float
