"""One optimizer's way through a training."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from optviz.engine import train_step
from optviz.engine.factors import check_domain
from optviz.engine.precision import cast
from optviz.engine.train_data import Batch, Split, batches, num_batches
from optviz.engine.train_events import Compiling, EpochEnd, OnEvent, Outcome, RunEnd, Steps, finite
from optviz.engine.watch import Watcher
from optviz.networks.base import Params
from optviz.schedules.base import Schedule
from optviz.specs.run import Run
from optviz.specs.train import TrainSpec

BLOCK = 500  # images in a block of validation
PAUSE_SECONDS = 0.2  # how often losses are told and other runs get their turn
AHEAD = 2  # steps that are handed to the device before the last one is done
DIVERGED = 1e12  # as on surfaces, a loss beyond this counts as infinite


class TrainRun:
    """Weights, optimizer state and clock of one run; `epochs` moves all of them on."""

    def __init__(
        self,
        spec: TrainSpec,
        index: int,
        parts: Split,
        emit: OnEvent,
        should_stop: Callable[[], bool],
    ) -> None:
        self._spec, self._index, self._parts = spec, index, parts
        self._emit, self._should_stop = emit, should_stop
        self._ended = self._compiled = False
        self._seconds = 0.0  # that the epoch has taken, without the other runs' turns
        self.steps_per_epoch = num_batches(parts.train.y.size, spec.batch_size)
        self.num_steps = self.steps_per_epoch * spec.epochs
        run = spec.resolved()[index]
        self._network = cast(spec.network, "float32")
        self._optimizer: Any = cast(run.optimizer, "float32")
        self._knobs = scheduled_knobs(run, self.num_steps, self.steps_per_epoch)
        # Those that see the loss are told that of validation, as in PyTorch's own examples.
        self._watchers = {knob: Watcher(s) for knob, s in run.schedules if s.sees_loss}
        root = jax.random.key(spec.seed)
        self._key = jax.random.fold_in(root, 1)
        params, stats = train_step.weights(self._network, jax.random.fold_in(root, 0))
        self._carry = train_step.initial(self._optimizer, params, stats)

    def epochs(self) -> Iterator[None]:
        """Train and validate all epochs, pausing now and then so that other runs keep pace."""
        for number in range(self._spec.epochs):
            if self._stopped():
                return
            if not self._compiled:
                self._compile()
            self._seconds = 0.0
            yield from self._train(number)
            trained = self._carry.totals
            start = time.perf_counter()
            if self._stopped() or (validated := self._validate()) is None:
                return
            means = (*_means(trained), *_means(validated))
            for watcher in self._watchers.values():
                watcher.tell(means[2])
            self._seconds += time.perf_counter() - start
            self._emit(EpochEnd("epoch", self._index, number, *means, self._seconds))
        self.end("finished")

    def end(self, outcome: Outcome, diverged_at: int = -1) -> None:
        """Say how the run ended; only the first time counts."""
        if not self._ended:
            self._ended = True
            self._emit(RunEnd("end", self._index, outcome, diverged_at))

    def _stopped(self) -> bool:
        """Whether the run has ended, now that it has looked whether it should."""
        if not self._ended and self._should_stop():
            self.end("stopped")
        return self._ended

    def _compile(self) -> None:
        """Compile before the clock runs: one step and one block on a copy, thrown away."""
        self._emit(Compiling("compiling", self._index))
        copy = jax.tree.map(jnp.copy, self._carry)
        carry, _ = self._step(copy, next(self._batches(0)), 0)
        self._block(train_step.answer(self._optimizer, carry), 0)
        self._compiled = True

    def _batches(self, epoch: int) -> Iterator[Batch]:
        return batches(self._parts.train.y.size, self._spec.batch_size, self._spec.seed, epoch)

    def _step(
        self, carry: train_step.Carry, batch: Batch, number: int
    ) -> tuple[train_step.Carry, jax.Array]:
        at_step = {name: values[number] for name, values in self._knobs.items()}
        for name, watcher in self._watchers.items():
            at_step[name] *= watcher.factor
        optimizer = dataclasses.replace(self._optimizer, **at_step)
        task = train_step.Task(self._network, self._parts.train, batch)
        asked = self._spec.loss, self._spec.reduction
        return train_step.step(carry, optimizer, task, np.int32(number), self._key, *asked)

    def _train(self, epoch: int) -> Iterator[None]:
        """Go through the batches of one epoch, or to where the run ends."""
        self._carry = self._carry._replace(totals=train_step.Totals.zero())
        first = epoch * self.steps_per_epoch
        losses: list[jax.Array] = []  # from step `first` on; reading them waits for the device
        start = time.perf_counter()
        for batch in self._batches(epoch):
            if self._should_stop():
                break
            self._carry, loss = self._step(self._carry, batch, first + len(losses))
            losses.append(loss)
            if len(losses) > AHEAD:  # no further ahead of the device, so that losses are fresh
                losses[-1 - AHEAD].block_until_ready()
            if time.perf_counter() - start > PAUSE_SECONDS:
                self._tell(epoch, first, losses)
                if self._ended:
                    return
                first, losses = first + len(losses), []
                self._seconds += time.perf_counter() - start
                yield
                start = time.perf_counter()
        self._tell(epoch, first, losses)
        self._seconds += time.perf_counter() - start

    def _tell(self, epoch: int, first: int, losses: list[jax.Array]) -> None:
        """Emit the losses from step `first` on, and end the run where one is not finite."""
        values = np.asarray(jax.device_get(losses), np.float32)
        bad = np.flatnonzero(~(np.abs(values) <= DIVERGED))  # also where not a number
        good = values[: bad[0]] if len(bad) else values
        if len(good):
            self._emit(Steps("steps", self._index, first, good.tolist()))
        if len(bad):
            self._emit(EpochEnd("epoch", self._index, epoch, None, None, None, None, 0.0))
            self.end("diverged", first + int(bad[0]))

    def _validate(self) -> train_step.Totals | None:
        """Sums over the validation images, or None where the run was stopped meanwhile."""
        params = train_step.answer(self._optimizer, self._carry)
        totals = train_step.Totals.zero()
        for start in range(0, self._parts.validation.y.size, BLOCK):
            if self._stopped():
                return None
            totals = train_step.add(totals, self._block(params, start))
        return totals

    def _block(self, params: Params, start: int) -> train_step.Totals:
        return train_step.evaluate_block(
            self._network,
            params,
            self._carry.stats,
            self._parts.validation,
            np.int32(start),
            loss=self._spec.loss,
            size=min(BLOCK, self._parts.validation.y.size),
        )


def scheduled_knobs(run: Run, num_steps: int, steps_per_epoch: int) -> Mapping[str, np.ndarray]:
    """Each scheduled knob's value at each step: name -> (num_steps,) float32.

    Raises:
        ValueError: a schedule takes a knob out of its domain.
    """
    steps = jnp.arange(num_steps, dtype=jnp.float32)
    lengths = np.float32(num_steps), np.float32(steps_per_epoch)
    values = {}
    for knob, schedule in run.schedules:
        factors = np.asarray(_factors(cast(schedule, "float32"), steps, *lengths))
        check_domain(run.optimizer, knob, (float(factors.min()), float(factors.max())))
        values[knob] = np.float32(getattr(run.optimizer, knob)) * factors
    return values


@jax.jit
def _factors(
    schedule: Schedule, steps: jax.Array, num_steps: jax.Array, steps_per_epoch: jax.Array
) -> jax.Array:
    return jax.vmap(lambda step: schedule(step, num_steps, steps_per_epoch))(steps)


def _means(totals: train_step.Totals) -> tuple[float | None, float | None]:
    """Mean loss and accuracy."""
    loss, correct, count = (float(value) for value in totals)
    return finite(loss / count), finite(correct / count)
