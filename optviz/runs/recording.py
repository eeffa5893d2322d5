"""A training in this process whose events and checkpoints go to the store."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from optviz.engine.machine import compile_cache
from optviz.engine.training.events import Downloading, EpochEnd, Event, RunEnd
from optviz.runs import checkpoints, environment, history
from optviz.runs.folder import checkpoints_of
from optviz.runs.record import Record
from optviz.runs.store import Store
from optviz.runs.training import run_training
from optviz.runs.writer import Writer

DOWNLOAD_SECONDS = 0.5  # between two words on a download


class Recording:
    """One attempt: begins where the checkpoints are, and rewinds the curves to there.

    Args:
        say: told in one line what is worth knowing.
        log: told what only the log has, also in one line.
    """

    def __init__(
        self,
        store: Store,
        record: Record,
        say: Callable[[str], None],
        log: Callable[[str], None],
    ) -> None:
        self._store, self._record, self._say, self._log = store, record, say, log
        self._spec = history.spec_of(record)
        compile_cache.enable()
        here = environment.describe()
        changed = environment.difference(here, record.environment)
        if changed:
            say(changed)
        members = range(len(self._spec.labels))
        told = store.counts(record.id)
        self._folder = checkpoints_of(record.id)
        checkpoints.clean(self._folder)
        self._found = checkpoints.find(self._folder, len(members), told, say)
        begun = {m: self._found[m].events if m in self._found else 0 for m in members}
        ended = {m for m, checkpoint in self._found.items() if checkpoint.ended}
        kept = {m: None if m in ended else begun[m] for m in members}
        self.attempt = store.begin(record.id, here, kept)
        self._begun = begun
        log(f"Attempt {self.attempt} begins on {here['device']}, {here['threads']} threads.")

    def run(self, should_stop: Callable[[], bool], on_event: Callable[[Event], None]) -> bool:
        """Train; whether it was stopped before its end.

        Raises:
            ValueError: one line; bad or missing files, a checkpoint of another network.
            OSError: the store could not be written for too long.
        """
        writer = Writer(self._store, self._record.id, self.attempt, self._begun, self._say)
        keeper = checkpoints.Keeper(self._folder, self._found, writer, self._say)
        told = 0.0

        def tell(event: Event) -> None:
            writer.tell(event)
            on_event(event)
            if isinstance(event, EpochEnd):
                self._log(f"{self._spec.labels[event.run]}: epoch {event.epoch + 1} done.")
            elif isinstance(event, RunEnd):
                self._log(f"{self._spec.labels[event.run]}: {event.outcome}.")

        def on_download(done: int, total: int) -> None:
            nonlocal told
            if should_stop():
                raise ValueError("the download was stopped; the next one goes on from there")
            if time.monotonic() - told > DOWNLOAD_SECONDS or done == total:
                told = time.monotonic()
                tell(Downloading("downloading", done, total))

        options = self._record.options
        try:
            result = run_training(
                self._spec,
                tell,
                should_stop,
                download=bool(options.get("download")),
                on_download=on_download,
                keeper=keeper,
                checkpoint_every=options.get("checkpoint_every"),
            )
        finally:
            writer.close()
            keeper.close()
        return any(run.outcome == "stopped" for run in result.runs)

    def outcome(self) -> list[dict[str, Any]]:
        """How each run stands now."""
        return history.outcome(history.result(self._store, self._record))
