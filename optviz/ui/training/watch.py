"""What a session has read of a training so far, and how fast it goes on."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

import streamlit as st

from optviz.engine.training.events import Compiling, Downloading, Event, TrainResult
from optviz.runs import jobs
from optviz.runs.told import Account
from optviz.specs.experiment import TrainSpec

WATCHED = "train.watched"
KEPT = 8  # trainings that a session remembers
WINDOW = 20.0  # seconds over which the pace is measured


@dataclass
class Watch:
    """A training as this session knows it; a reload of the page starts from the beginning.

    Attributes:
        job_id: which one.
        spec: what was asked for.
        result: everything read so far.
        version: another number whenever there is something new.
        note: what it does where that is not training.
    """

    job_id: str
    spec: TrainSpec
    result: TrainResult
    version: int = 0
    note: str = ""
    _position: int = 0
    _attempt: int | None = None
    _account: Account = field(init=False)
    _pace: deque[tuple[float, int]] = field(default_factory=deque)  # (when, steps done)

    def __post_init__(self) -> None:
        self._account = Account(self.spec)

    def look(self) -> None:
        """Read what is new.

        Raises:
            ValueError: there is no such training, or what it told cannot be read.
            OSError: the store is out of reach.
        """
        while True:
            news = jobs.read(self.job_id, self._position)
            if news.attempt != self._attempt:  # resumed: some of what was told is told again
                self._attempt, self._position = news.attempt, 0
                self.result, self._account = TrainResult.empty(self.spec), Account(self.spec)
                self._pace.clear()
                self.version += 1
                news = jobs.read(self.job_id, 0)
            if not news.events:
                break
            for event in news.events:
                self._take(event)
            self._position = news.position
            self.version += 1
        now = time.monotonic()
        self._pace.append((now, self.done))
        while now - self._pace[0][0] > WINDOW:
            self._pace.popleft()

    def _take(self, event: Event) -> None:
        self._account.take(event)
        self.result.add(event)
        if isinstance(event, Downloading):
            share = f" of {event.total / 1e6:.0f}" if event.total else ""
            self.note = f"downloading: {event.done / 1e6:.0f}{share} MB"
        elif isinstance(event, Compiling):
            self.note = "preparing"
        else:
            self.note = ""

    @property
    def done(self) -> int:
        """Steps of all runs."""
        return sum(len(run.losses) for run in self.result.runs)

    @property
    def total(self) -> int:
        """Steps of all runs in the end; 0: not known yet. A run that broke off makes no more."""
        if self.result.started is None:
            return 0
        planned = zip(self.result.runs, self.result.started.num_steps, strict=True)
        return sum(n if run.outcome == "running" else len(run.losses) for run, n in planned)

    @property
    def share(self) -> float:
        """How much of the training is done, in [0, 1]."""
        return min(self.done / self.total, 1.0) if self.total else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At the pace of the last seconds; None: not known yet."""
        (before, first), (now, last) = self._pace[0], self._pace[-1]
        if last == first or now - before < 1:
            return None
        return (self.total - last) * (now - before) / (last - first)


def watch(job_id: str) -> Watch:
    """The session's watch of a training.

    Raises:
        ValueError: there is no such training, or it cannot be read.
    """
    watched: dict[str, Watch] = st.session_state.setdefault(WATCHED, {})
    found = watched.pop(job_id, None)
    if found is None:
        spec = jobs.spec_of(job_id)
        found = Watch(job_id, spec, TrainResult.empty(spec))
    watched[job_id] = found  # the last one used comes last
    while len(watched) > KEPT:
        del watched[next(iter(watched))]
    return found


def best_accuracy(result: TrainResult) -> float | None:
    """The best validation accuracy of any run after any epoch; None: there is none yet."""
    values = (epoch.val_accuracy for run in result.runs for epoch in run.epochs)
    return max((value for value in values if value is not None), default=None)


def duration(seconds: float) -> str:
    """`0.4 s`, `40 s`, `3 min`, `2 h`, `2 h 5 min`."""
    if seconds < 9.95:
        return f"{seconds:.2g} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")
