"""How trainings come to be: noted down, named and queued; `queue` gives them a process."""

from __future__ import annotations

from typing import Any

from optviz.runs import places, processes
from optviz.runs.folder import folder_of, new_id
from optviz.runs.record import Record
from optviz.runs.status import FINAL, state_of
from optviz.runs.store import Store
from optviz.specs.experiment import TrainSpec
from optviz.specs.labels import check_label, shortened
from optviz.specs.run import labels


def heading(spec: TrainSpec) -> str:
    """The name of a training that was given none."""
    return shortened(f"{subject(spec)}: {compared(spec)}")


def subject(spec: TrainSpec) -> str:
    """What is trained on what."""
    return f"{spec.network.label} on {spec.dataset.label}"


def compared(spec: TrainSpec) -> str:
    """What an experiment compares, in few words: rules, variations, seeds."""
    pairs = (change.partition("=") for change in spec.vary)
    changes = [f"{n.split('.')[-1].replace('_', ' ')} {values}" for n, _, values in pairs]
    seeds = [f"{spec.seeds} seeds"] if spec.seeds > 1 else []
    return " · ".join([", ".join(labels(spec.resolved())), *changes, *seeds])


def options_of(
    download: bool, checkpoint_every: int | None, deterministic: bool, platforms: str | None
) -> dict[str, Any]:
    """What is asked for beside the spec; a resumed training keeps it."""
    if checkpoint_every is not None:
        checked_interval(checkpoint_every, "checkpoint_every")
    return {
        "download": download,
        "checkpoint_every": checkpoint_every,
        "deterministic": deterministic,
        "platforms": platforms,
    }


def checked_interval(steps: int, who: str) -> int:
    """Steps between two checkpoints, or a `ValueError` that says whose they should have been."""
    if steps < 1:
        raise ValueError(f"{who} must be a whole number from 1, got {steps}")
    return steps


def create(
    store: Store,
    spec: TrainSpec,
    options: dict[str, Any],
    name: str | None,
    process: processes.Identity | None = None,
) -> str:
    """Note a training down: queued, or carried out by a process at once; its id."""
    spec.check()
    spec.check_affordable()
    record = spec.to_json()
    TrainSpec.from_json(record)  # rules that live in Python only cannot go to another process
    training = new_id()
    folder_of(training).mkdir(parents=True)
    name = heading(spec) if name is None else checked_name(name)
    store.create(training, record, options, name, process)
    return training


def checked_name(name: str) -> str:
    """A name fit to be shown, or a `ValueError`."""
    name = " ".join(name.split())
    check_label("a name", name)
    return name


def check_queue(store: Store) -> None:
    """Raise `ValueError` where too many trainings wait."""
    places.num_places()
    waiting = len(places.line(store))
    if waiting >= places.MAX_WAITING:
        raise ValueError(f"{waiting} trainings wait already; stop some, or try again later")


def claim(
    store: Store,
    job_id: str,
    platforms: str | None,
    process: processes.Identity | None = None,
) -> None:
    """Queue an ended training again, or give it to a process; of several who try at once, one does.

    Args:
        platforms: as JAX calls them, where the training itself does not say.
    """
    record = existing(store, job_id)
    state = state_of(store, record)
    if state == "finished":
        raise ValueError(f"training {job_id} has finished; there is nothing left to resume")
    options = record.options
    if options.get("platforms") is None:
        options = options | {"platforms": platforms}
    if state not in FINAL or not store.queue_again(record, options, process):
        raise ValueError(f"training {job_id} is still going")


def existing(store: Store, job_id: str) -> Record:
    """A training that is not deleted.

    Raises:
        UnreadableError: its row is damaged.
        ValueError: there is no such training.
    """
    if store.is_deleted(job_id):
        raise ValueError(f"training {job_id} was deleted; restore it first")
    return store.get(job_id)
