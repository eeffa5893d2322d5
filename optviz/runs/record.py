"""One training as the store holds it, every column checked: rows come from other machines too."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from optviz.runs.checks import fields, list_of, maybe, one_of, parsed, real, shown, whole, words
from optviz.runs.folder import is_id
from optviz.specs.labels import MAX_LABEL

ENDED = ("finished", "stopped", "failed")  # what a process says of itself at its end
STATES = ("queued", "running", *ENDED)
MAX_TEXT = 10_000  # characters of a message, or of a text within JSON
LATEST = 253_402_000_000.0  # seconds since 1970, in the year 9999: calendars end there

_JSON = ("spec", "options", "environment", "outcome")


class UnreadableError(ValueError):
    """A row that no optviz has written, or that was damaged since."""


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
    launches: int  # processes that were started for it since it was last asked to run

    @classmethod
    def of(cls, row: Sequence[Any]) -> Record:
        """The record that a row of the table holds.

        Raises:
            UnreadableError: one line that names the column.
        """
        found = {}
        for (name, check), value in zip(_CHECKS.items(), row, strict=True):
            try:
                found[name] = check(value)
            except ValueError as error:
                raise UnreadableError(f"{name} {error}") from None
        return cls(**found)

    def row(self) -> list[Any]:
        """The row of the table that holds the record."""
        return [
            json.dumps(value) if name in _JSON and value is not None else value
            for name, value in self._asdict().items()
        ]

    @property
    def ended(self) -> bool:
        return self.state in ENDED


class Unreadable(NamedTuple):
    """A row that cannot be read: what can be said of it, and how to get rid of it."""

    id: str  # its own, or `row-7` where that is none: it can be deleted under it
    name: str  # "" where that is none
    created: float  # seconds since 1970; 0 where that is none
    why: str

    @classmethod
    def of(cls, rowid: int, row: Sequence[Any], error: ValueError) -> Unreadable:
        """What is left of a row."""
        kept = {"id": f"row-{rowid}", "name": "", "created": 0.0}
        for name, value in zip(kept, row, strict=False):
            with suppress(ValueError):
                kept[name] = _CHECKS[name](value)
        return cls(**kept, why=str(error))


def record_of(rowid: int, row: Sequence[Any]) -> Record | Unreadable:
    """What a row of the table holds, whatever that is."""
    try:
        return Record.of(row)
    except UnreadableError as error:
        return Unreadable.of(rowid, row, error)


def _id(value: Any) -> str:
    if not is_id(value):
        raise ValueError(f"must be that of a training, got {shown(value)}")
    return value


def _name(value: Any) -> str:
    text = words(MAX_LABEL)(value)
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError(f"must be true or false, got {shown(value)}")
    return value


def _time(value: Any) -> float:
    try:
        return real(0, LATEST)(value)
    except ValueError:
        raise ValueError(
            f"must be a time, in seconds since 1970 and before the year 9999, got {shown(value)}"
        ) from None


def _plain(value: Any) -> Any:
    """A text, number, flag or nothing."""
    if isinstance(value, (dict, list)):
        raise ValueError(f"must be a text or a number, got {shown(value)}")
    if isinstance(value, str):
        return words(MAX_TEXT)(value)
    if isinstance(value, (int, float)) and not (math.isfinite(value) and abs(value) < 1e300):
        raise ValueError(f"must be finite, got {shown(value)}")
    return value


_REAL = maybe(real(-1e300, 1e300))
_SHARE = maybe(real(0, 1))
_EPOCH = {"train_accuracy": _SHARE, "val_accuracy": _SHARE, "train_loss": _REAL, "val_loss": _REAL}
_RUN = {  # a field that the row is older than is not known
    "label": maybe(words(MAX_TEXT)),
    "outcome": maybe(words(MAX_TEXT)),
    "diverged_at": maybe(whole(-1, 2**53)),
    "steps": maybe(whole(0, 2**53)),
    "best_accuracy": _SHARE,
    "last_epoch": maybe(lambda value: _flat(fields(value, _EPOCH))),
}
_OPTIONS = {
    "download": _flag,
    "checkpoint_every": maybe(whole(1, 2**53)),
    "deterministic": _flag,
    "platforms": maybe(words(100)),
}


_SPEC = {  # `history.spec_of` reads what they say, and the rest
    "dataset": words(MAX_TEXT),
    "network": words(MAX_TEXT),
    "runs": list_of(words(MAX_TEXT), MAX_TEXT),
    "schedule": maybe(words(MAX_TEXT)),
    "vary": list_of(words(MAX_TEXT), MAX_TEXT),
    "directory": maybe(words(MAX_TEXT)),
}


def _spec(value: Any) -> dict[str, Any]:
    return fields(parsed(value), _SPEC)


def _options(value: Any) -> dict[str, Any]:
    return fields(parsed(value), _OPTIONS)


def _environment(value: Any) -> dict[str, Any]:
    found = fields(parsed(value), {"threads": maybe(whole(1, 4096))})
    return fields(found, dict.fromkeys(found, _flat))


def _flat(value: Any) -> Any:
    """An object of plain values, or one of these."""
    return fields(value, dict.fromkeys(value, _plain)) if isinstance(value, dict) else _plain(value)


def _outcome(value: Any) -> list[dict[str, Any]]:
    runs = parsed(value)
    if not isinstance(runs, list):
        raise ValueError(f"must be a list, got {shown(runs)}")
    return [dict.fromkeys(_RUN) | fields(run, _RUN) for run in runs]


_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "id": _id,
    "name": _name,
    "created": _time,
    "queued": _time,
    "spec": _spec,
    "options": _options,
    "state": one_of(STATES),
    "message": words(MAX_TEXT),
    "stop_asked": lambda value: bool(whole(0, 1)(value)),
    "pid": maybe(whole(1, 2**31 - 1)),
    "process_started": maybe(_time),
    "attempt": whole(0, 2**31 - 1),
    "environment": maybe(_environment),
    "outcome": maybe(_outcome),
    "deleted_at": maybe(_time),
    "launches": lambda value: 0 if value is None else whole(0, 2**31 - 1)(value),
}
