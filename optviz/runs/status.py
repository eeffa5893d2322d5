"""How trainings stand: what the store says, checked against the processes that are alive."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, cast

from optviz.runs import places, processes
from optviz.runs.folder import log_of
from optviz.runs.record import Record, Unreadable
from optviz.runs.store import Store

State: TypeAlias = Literal[
    "queued", "running", "finished", "stopped", "failed", "dead", "unreadable"
]
FINAL = ("finished", "stopped", "failed", "dead", "unreadable")
LOG_LINES = 20


class Status(NamedTuple):
    """How a training stands.

    `dead` is a training whose process ended without saying why, as after a crash or a kill.
    `unreadable` is one whose row in the store is damaged, or of another version: it can be deleted.
    """

    id: str
    state: State
    pid: int | None
    created: float  # seconds since 1970
    message: str  # why it failed or cannot be read, in one line; else empty
    log: tuple[str, ...]  # the last lines of its output, where it failed or died
    name: str
    attempt: int  # processes that have begun it so far
    place: int | None  # in the queue, 1 is the next one; None: it does not wait
    outcome: list[dict[str, Any]] | None  # of each run, once it has ended; see `history.outcome`
    spec: dict[str, Any]  # as JSON data
    environment: dict[str, Any] | None  # versions and device of its last process

    @property
    def ended(self) -> bool:
        return self.state in FINAL

    @property
    def best_accuracy(self) -> float | None:
        """The best validation accuracy that any run was told to have had; None: none yet."""
        told = [run.get("best_accuracy") for run in self.outcome or ()]
        return max((share for share in told if share is not None), default=None)

    @property
    def resumable(self) -> bool:
        return self.state in ("stopped", "failed", "dead")


def state_of(store: Store, record: Record) -> State:
    """The state of a training, `dead` where its process is."""
    if record.ended or processes.alive(record.pid, record.process_started):
        return cast(State, record.state)
    if record.pid is not None or record.state != "queued":
        record = store.get(record.id)  # once more: the last word is written before the end
    if record.stop_asked and not record.ended:
        return "stopped"
    if record.ended or record.state == "queued":  # whoever waits need not have a process
        return cast(State, record.state)
    return "dead"


def status_of(store: Store, record: Record, line: list[str] | None = None) -> Status:
    """How a training stands; `line` is the queue where it is known already."""
    state = state_of(store, record)
    if state != record.state:
        record = store.get(record.id)
    place = None
    if state == "queued":
        line = places.line(store) if line is None else line
        place = line.index(record.id) + 1 if record.id in line else None
    return Status(
        id=record.id,
        state=state,
        pid=record.pid if state not in FINAL else None,
        created=record.created,
        message="its process ended without a word" if state == "dead" else record.message,
        log=_tail(log_of(record.id)) if state in ("failed", "dead") else (),
        name=record.name,
        attempt=record.attempt,
        place=place,
        outcome=record.outcome,
        spec=record.spec,
        environment=record.environment,
    )


def unreadable(row: Unreadable) -> Status:
    """How a row stands that cannot be read."""
    return Status(
        id=row.id,
        state="unreadable",
        pid=None,
        created=row.created,
        message=row.why,
        log=(),
        name=row.name or "unreadable",
        attempt=0,
        place=None,
        outcome=None,
        spec={},
        environment=None,
    )


def _tail(path: Path) -> tuple[str, ...]:
    """The last lines of a file that may be long."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 8192))
            return tuple(file.read().decode("utf-8", "replace").splitlines()[-LOG_LINES:])
    except OSError:
        return ()
