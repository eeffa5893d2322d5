"""One run moved on step by step, each step handed to the device from Python."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from optviz.engine.training import objective, programs
from optviz.engine.training.data import Batch
from optviz.engine.training.events import Compiling, Outcome
from optviz.engine.training.life import BLOCK, SPAN_SECONDS, Life
from optviz.engine.training.track import measures_of
from optviz.networks.base import Params

AHEAD = 2  # steps that are handed to the device before the last one is done


class TrainLoop(Life):
    """Weights and optimizer state of one run; `epochs` moves them on."""

    def _load(self) -> None:
        self._carry, self._step = self._one.begin()
        self._epoch = self._one.epoch

    def _compile(self) -> None:
        self._emit(Compiling("compiling", self._one.index))
        copy = jax.tree.map(jnp.copy, self._carry)
        batch = next(self._one.batches(0))
        carry, _ = self._advance(copy, batch, 0)
        params = programs.answer(self._one.optimizer, carry)
        self._add(self._zeros(), params, 0, 1)
        self._dead(carry, batch)

    def _advance(
        self, carry: programs.Carry, batch: Batch, number: int
    ) -> tuple[programs.Carry, programs.Measures]:
        track = self._one
        optimizer, task = track.optimizer_at(number), track.task(batch)
        return programs.step(carry, optimizer, task, np.int32(number), track.key, track.recipe)

    def _train(self) -> Iterator[None]:
        track = self._one
        skip = self._step - self._epoch * track.steps_per_epoch
        if not skip:
            self._carry = self._carry._replace(totals=objective.Totals.zero())
        told: list[programs.Measures] = []  # reading them waits for the device
        waited = 0.0
        start = asked = time.perf_counter()
        for batch in track.batches(self._epoch, skip):
            waited += time.perf_counter() - asked
            if self._should_stop():
                break
            number = self._step
            self._carry, measures = self._advance(self._carry, batch, number)
            told.append(measures)
            self._step += 1
            if len(told) > AHEAD:  # no further ahead of the device, so that losses are fresh
                told[-1 - AHEAD].loss.block_until_ready()
            if track.looks_at(number):
                dead = jax.device_get(self._dead(self._carry, batch))
                moved, grads = measures.update_ratios, measures.grad_ratios
                track.tell_layers(number, np.asarray(moved), np.asarray(grads), dead)
            due = self._is_due()
            if due or time.perf_counter() - start > SPAN_SECONDS:
                self._tell(told, start, waited)
                if track.ended:
                    return
                told, waited = [], 0.0
                if due or self._is_late():
                    self._keep()
                yield
                start = time.perf_counter()
            asked = time.perf_counter()
        self._tell(told, start, waited)

    def _tell(self, told: list[programs.Measures], start: float, waited: float) -> None:
        values = measures_of(told)
        self._one.clock += time.perf_counter() - start
        self._one.tell(*values, waited)
        if self._one.ended:
            self._keep()

    def _keep(self) -> None:
        self._one.keep(self._carry)
        self._kept_at = time.monotonic()

    def _end(self, outcome: Outcome) -> None:
        if not self._one.ended:
            self._one.end(outcome)
            self._keep()

    def _dead(self, carry: programs.Carry, batch: Batch) -> dict[str, jax.Array]:
        track = self._one
        params = programs.answer(track.optimizer, carry)
        return objective.dead_shares(track.network, params, carry.stats, track.parts.train, batch)

    # Tests ----------------------------------------------------------------------------------------

    def _answers(self) -> Params:
        return programs.answer(self._one.optimizer, self._carry)

    def _zeros(self) -> objective.Totals:
        return objective.Totals.zero()

    def _add(
        self, totals: objective.Totals, answers: Params, start: int, end: int
    ) -> objective.Totals:
        track = self._one
        block = objective.compiled_evaluation(track.network)(
            track.network,
            answers,
            self._carry.stats,
            track.parts.tested,
            np.int32(start),
            np.int32(end),
            recipe=track.recipe.of_evaluation(),
            size=min(BLOCK, track.parts.tested.y.size),
        )
        return objective.add(totals, block)

    def _tell_begun(self, tested: Sequence[objective.Totals]) -> None:
        self._one.tell_begun(tested)

    def _tell_epoch(self, tested: Sequence[objective.Totals]) -> None:
        self._one.tell_epoch(self._carry.totals, tested)
