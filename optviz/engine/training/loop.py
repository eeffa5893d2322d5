"""One run moved on step by step, each step handed to the device from Python."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np

from optviz.engine.training import objective, programs
from optviz.engine.training.data import Batch
from optviz.engine.training.events import Compiling, OnEvent
from optviz.engine.training.track import Track, measures_of
from optviz.networks.base import Params

BLOCK = 500  # images that are tested at once
PAUSE_SECONDS = 0.2  # how often losses are told and other runs get their turn
KEEP_SECONDS = 30.0  # between snapshots, where nobody says after how many steps
AHEAD = 2  # steps that are handed to the device before the last one is done


class TrainLoop:
    """Weights and optimizer state of one run; `epochs` moves them on."""

    def __init__(
        self,
        track: Track,
        emit: OnEvent,
        should_stop: Callable[[], bool],
        checkpoint_every: int | None,
    ) -> None:
        self._track, self._emit = track, emit
        self._should_stop, self._every = should_stop, checkpoint_every
        self._carry, self._step_number = track.begin()
        self._compiled = False
        self._kept_at = time.monotonic()

    def epochs(self) -> Iterator[None]:
        """Train and test what is left, pausing now and then so that other runs keep pace."""
        track = self._track
        while not track.ended and track.epoch < track.spec.epochs:
            if self._stopped():
                break
            if not self._compiled:
                self._compile()
                if not self._step_number:
                    tested = self._test()
                    if tested is None:
                        break
                    track.tell_begun(tested)
                    yield
            yield from self._train()
            if self._stopped() or not self._end_epoch():
                break
        else:
            if track.ended:
                return  # that was so when it began
            track.end("finished")
        track.keep(self._carry)

    def _stopped(self) -> bool:
        """Whether the run has ended, now that it has looked whether it should."""
        if not self._track.ended and self._should_stop():
            self._track.end("stopped")
        return self._track.ended

    def _compile(self) -> None:
        """Compile before the clock runs: one of each program on a copy, thrown away."""
        self._emit(Compiling("compiling", self._track.index))
        copy = jax.tree.map(jnp.copy, self._carry)
        batch = next(self._track.batches(0))
        carry, _ = self._step(copy, batch, 0)
        self._block(programs.answer(self._track.optimizer, carry), 0, 1)
        self._dead(carry, batch)
        self._compiled = True

    def _step(
        self, carry: programs.Carry, batch: Batch, number: int
    ) -> tuple[programs.Carry, programs.Measures]:
        track = self._track
        optimizer, task = track.optimizer_at(number), track.task(batch)
        return programs.step(carry, optimizer, task, np.int32(number), track.key, track.recipe)

    def _train(self) -> Iterator[None]:
        """Go through the batches of one epoch that are left, or to where the run ends."""
        track = self._track
        skip = self._step_number - track.epoch * track.steps_per_epoch
        if not skip:
            self._carry = self._carry._replace(totals=objective.Totals.zero())
        told: list[programs.Measures] = []  # reading them waits for the device
        batches = track.batches(track.epoch, skip)
        waited = 0.0
        start = asked = time.perf_counter()
        for batch in batches:
            waited += time.perf_counter() - asked
            if self._should_stop():
                break
            number = self._step_number
            self._carry, measures = self._step(self._carry, batch, number)
            told.append(measures)
            self._step_number += 1
            if len(told) > AHEAD:  # no further ahead of the device, so that losses are fresh
                told[-1 - AHEAD].loss.block_until_ready()
            if track.looks_at(number):
                dead = jax.device_get(self._dead(self._carry, batch))
                moved, grads = measures.update_ratios, measures.grad_ratios
                track.tell_layers(number, np.asarray(moved), np.asarray(grads), dead)
            due = self._every is not None and self._step_number % self._every == 0
            if due or time.perf_counter() - start > PAUSE_SECONDS:
                self._tell(told, start, waited)
                if track.ended:
                    return
                told, waited = [], 0.0
                if due or (self._every is None and self._is_late()):
                    self._keep()
                yield
                start = time.perf_counter()
            asked = time.perf_counter()
        self._tell(told, start, waited)

    def _tell(self, told: list[programs.Measures], start: float, waited: float) -> None:
        values = measures_of(told)
        self._track.clock += time.perf_counter() - start
        self._track.tell(*values, waited)

    def _is_late(self) -> bool:
        return time.monotonic() - self._kept_at > KEEP_SECONDS

    def _keep(self) -> None:
        self._track.keep(self._carry)
        self._kept_at = time.monotonic()

    def _dead(self, carry: programs.Carry, batch: Batch) -> dict[str, jax.Array]:
        track = self._track
        params = programs.answer(track.optimizer, carry)
        return objective.dead_shares(track.network, params, carry.stats, track.parts.train, batch)

    def _end_epoch(self) -> bool:
        """Test and tell the epoch; False where the run was stopped meanwhile."""
        seen, tested = self._carry.totals, self._test()
        if tested is None:
            return False
        self._track.tell_epoch(seen, tested)
        return True

    def _test(self) -> list[objective.Totals] | None:
        """Sums over each of the track's `tests`; None where the run was stopped meanwhile.

        No clock runs: this is not training.
        """
        params = programs.answer(self._track.optimizer, self._carry)
        found = []
        for first, end in self._track.tests:
            totals = objective.Totals.zero()
            for start in range(first, end, BLOCK):
                if self._stopped():
                    return None
                totals = objective.add(totals, self._block(params, start, end))
            found.append(totals)
        return jax.device_get(found)

    def _block(self, params: Params, start: int, end: int) -> objective.Totals:
        track = self._track
        return objective.compiled_evaluation(track.network)(
            track.network,
            params,
            self._carry.stats,
            track.parts.tested,
            np.int32(start),
            np.int32(end),
            recipe=track.recipe.of_evaluation(),
            size=min(BLOCK, track.parts.tested.y.size),
        )
