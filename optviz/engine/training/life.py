"""The life of runs, alone or stacked: begun, trained, tested, kept and ended, in one order."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax

from optviz.engine.training.events import OnEvent, Outcome
from optviz.engine.training.track import Track

BLOCK = 500  # images that are tested at once
SPAN_SECONDS = 0.2  # how often losses are told and other runs get their turn, about
KEEP_SECONDS = 30.0  # between snapshots, where nobody says after how many steps


class Life(ABC):
    """Brings runs to their end; how they take a step, and where their weights are, is its classes'.

    A run ends when it has finished or diverged, or when `should_stop` says so; it is kept then, and
    now and then before. Whatever is raised meanwhile ends nobody here: see `train`.
    """

    def __init__(
        self,
        tracks: Sequence[Track],
        emit: OnEvent,
        should_stop: Callable[[], bool],
        checkpoint_every: int | None,
    ) -> None:
        """Nothing is on the device yet.

        Args:
            tracks: the runs, which have the network, the recipe, the images and the number of steps
                in common.
            emit: called with each event.
            should_stop: asked before every step, or every span of them.
            checkpoint_every: steps between two snapshots; None: about half a minute.
        """
        self._tracks, self._one = tracks, tracks[0]
        self._emit, self._should_stop, self._every = emit, should_stop, checkpoint_every
        self._step = self._epoch = 0  # done
        self._kept_at = time.monotonic()

    def epochs(self) -> Iterator[None]:
        """Train and test what is left, pausing now and then so that others get their turn.

        Before the first step there are two more pauses: once the runs are on the device, and once
        everything is compiled, so that nothing but the steps can run out of memory afterwards.
        """
        self._load()
        yield
        if self._left() and not self._stopped():
            self._compile()
            yield
            if not self._step:
                self._begin()
                yield
        while self._left() and self._epoch < self._one.spec.epochs:
            if self._stopped():
                break
            yield from self._train()
            if self._stopped() or not self._end_epoch():
                break
        self._end("finished")

    def _left(self) -> bool:
        return not all(track.ended for track in self._tracks)

    def _stopped(self) -> bool:
        """Whether all runs have ended, now that it has been looked whether they should."""
        if self._left() and self._should_stop():
            self._end("stopped")
        return not self._left()

    def _begin(self) -> None:
        """Tell what the first weights make of the images."""
        tested = self._test()
        if tested is not None:
            self._tell_begun(tested)

    def _end_epoch(self) -> bool:
        """Test and tell the epoch; False where the runs were stopped meanwhile."""
        tested = self._test()
        if tested is None:
            return False
        self._tell_epoch(tested)
        self._epoch += 1
        return True

    def _is_due(self) -> bool:
        """Whether a snapshot was asked for after this very step."""
        return self._every is not None and self._step % self._every == 0

    def _is_late(self) -> bool:
        """Whether it is time for a snapshot, where nobody asked for steps."""
        return self._every is None and time.monotonic() - self._kept_at > KEEP_SECONDS

    def _test(self) -> Sequence[Any] | None:
        """What each of the runs' `tests` adds up to; None where the runs were stopped meanwhile.

        No clock runs: this is not training.
        """
        answers, found = self._answers(), []
        for first, end in self._one.tests:
            totals = self._zeros()
            for start in range(first, end, BLOCK):
                if self._stopped():
                    return None
                totals = self._add(totals, answers, start, end)
            found.append(totals)
        return jax.device_get(found)

    # What is another for a run alone and for a stack ----------------------------------------------

    @abstractmethod
    def _load(self) -> None:
        """Put the runs on the device, as they begin or as their snapshots have them."""

    @abstractmethod
    def _compile(self) -> None:
        """Compile before the clock runs; what that computes is thrown away."""

    @abstractmethod
    def _train(self) -> Iterator[None]:
        """Go through the steps of one epoch that are left, or to where all runs end."""

    @abstractmethod
    def _answers(self) -> Any:
        """The weights to test with."""

    @abstractmethod
    def _zeros(self) -> Any:
        """Sums over no images."""

    @abstractmethod
    def _add(self, totals: Any, answers: Any, start: int, end: int) -> Any:
        """The sums with a block of `parts.tested` more: from `start` on, none from `end` on."""

    @abstractmethod
    def _tell_begun(self, tested: Sequence[Any]) -> None:
        """Tell what the first weights make of the images, from the sums over each of the tests."""

    @abstractmethod
    def _tell_epoch(self, tested: Sequence[Any]) -> None:
        """Tell an epoch, from the sums over each of the tests at its end."""

    @abstractmethod
    def _end(self, outcome: Outcome) -> None:
        """End and keep all runs that have not ended."""
