"""What belongs to one run of a training, whoever moves it on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import jax
import numpy as np

from optviz.engine.factors import check_domain, values_of
from optviz.engine.machine.precision import cast
from optviz.engine.training import objective, programs, snapshots
from optviz.engine.training.data import Batch, Split, batches, num_batches
from optviz.engine.training.events import (
    Begun,
    EpochEnd,
    Layers,
    OnEvent,
    Outcome,
    RunEnd,
    Steps,
    finite,
)
from optviz.engine.training.snapshots import Keeper, Snapshot
from optviz.engine.training.watch import Watcher
from optviz.specs.budget import capacity_for
from optviz.specs.experiment import Member
from optviz.specs.run import Run

DIVERGED = 1e12  # as on surfaces, a loss beyond this counts as infinite
LOOKS = 40  # at the layers of a run, evenly over its steps

Mean: TypeAlias = float | None  # None: not finite, or never taken


class Track:
    """One run: what is fixed about it, how far it is, and what it has told."""

    def __init__(
        self, member: Member, index: int, parts: Split, emit: OnEvent, keeper: Keeper | None
    ) -> None:
        self.spec, self.index, self.parts = member.spec, index, parts
        self._emit, self._keeper = emit, keeper
        # What fills up a batch is computed like the rest: it is no longer than need be.
        self.batch_size = self.spec.full_batch(parts.train.y.size)
        self.steps_per_epoch = num_batches(parts.train.y.size, self.batch_size)
        self.num_steps = self.steps_per_epoch * self.spec.epochs
        self.look_every = -(-self.num_steps // LOOKS)
        self.recipe = objective.Recipe.of(self.spec)
        self.strengths = objective.Strengths.of(self.spec)
        run = self.spec.resolved()
        self.network = cast(self.spec.network, "float32")
        self.optimizer: Any = cast(run.optimizer, "float32")
        self._knobs = scheduled_knobs(run, self.num_steps, self.steps_per_epoch)
        # Those that see the loss are told that of validation, as in PyTorch's own examples.
        self._watching = {knob: s for knob, s in run.schedules if s.sees_loss}
        self._watchers: dict[str, Watcher] = {}
        root = jax.random.key(self.spec.seed)
        self.key = jax.random.fold_in(root, 1)
        self._weights_key = jax.random.fold_in(root, 0)
        self.clock = 0.0  # seconds, without the other runs' turns and without compilation
        self._epoch_clock = 0.0  # what it was when the epoch began
        self.outcome: Outcome = "running"
        self.ended = False
        self._diverged_at = -1
        self._val_losses: list[float | None] = []
        self._told = 0  # steps

    @property
    def num_params(self) -> int:
        return self.spec.network.num_params()

    @property
    def epoch(self) -> int:
        """Whole epochs done, validation included."""
        return len(self._val_losses)

    def begin(self) -> tuple[programs.Carry, int]:
        """The carry to go on from, and the steps that lie behind it; may be asked for again.

        Raises:
            ValueError: what was kept is of another network or rule.
        """
        self._val_losses = []
        self._watchers = {knob: Watcher(s) for knob, s in self._watching.items()}
        params, stats = programs.weights(self.network, self._weights_key)
        carry = programs.initial(self.optimizer, params, stats)
        snapshot = self._keeper.load(self.index) if self._keeper else None
        if snapshot is None:
            return carry, 0
        snapshots.check(snapshot, self.spec, snapshots.to_arrays(carry))
        self.clock, self._epoch_clock = snapshot.clock, snapshot.epoch_clock
        self._told = snapshot.step
        self.outcome, self._diverged_at = snapshot.outcome, snapshot.diverged_at
        self.ended = snapshot.outcome != "running"
        for loss in snapshot.val_losses:
            self._observe(loss)
        return snapshots.from_arrays(snapshot.arrays, carry), snapshot.step

    def shapes(self) -> programs.Carry:
        """What the carry looks like, without making it."""
        return jax.eval_shape(programs.initial, self.optimizer, *self.network.shapes())

    def keep(self, carry: programs.Carry) -> None:
        """Keep a snapshot of the steps told so far."""
        if self._keeper is None:
            return
        arrays = snapshots.to_arrays(carry)
        self._keeper.save(
            self.index,
            Snapshot(
                self._told,
                self.epoch,
                self.clock,
                self._epoch_clock,
                tuple(self._val_losses),
                "running" if self.outcome == "stopped" else self.outcome,
                self._diverged_at,
                snapshots.fingerprint(self.spec, arrays),
                arrays,
            ),
        )

    def batches(self, epoch: int, skip: int = 0) -> Iterator[Batch]:
        """The batches of an epoch, but for the first `skip`."""
        return batches(self.parts.train.y.size, self.batch_size, self.spec.seed, epoch, skip)

    def task(self, batch: Batch) -> objective.Task:
        return objective.Task(self.network, self.parts.train, batch, self.strengths)

    def knobs_at(self, number: int | slice) -> dict[str, Any]:
        """The scheduled knobs as they stand at a step, or at each of several: (steps,) float32."""
        values = {name: values[number] for name, values in self._knobs.items()}
        for name, watcher in self._watchers.items():
            values[name] = values[name] * watcher.factor
        return values

    def optimizer_at(self, number: int) -> Any:
        return dataclasses.replace(self.optimizer, **self.knobs_at(number))

    def tell(self, losses: np.ndarray, grad_norms: np.ndarray, waited: float) -> None:
        """Tell the next steps, and end the run where a loss is not finite."""
        bad = np.flatnonzero(~(np.abs(losses) <= DIVERGED))  # also where not a number
        count, first = bad[0] if len(bad) else len(losses), self._told
        if count:
            told = losses[:count].tolist(), grad_norms[:count].tolist()
            self._emit(Steps("steps", self.index, first, *told, self.clock, waited))
            self._told += int(count)
        if len(bad):
            self._emit_epoch(self.epoch, (None, None, None, None), (None, None))
            self._diverged_at = self._told
            self.end("diverged")

    def looks_at(self, number: int) -> bool:
        """Whether the layers are looked at after this step."""
        return number % self.look_every == 0 or number == self.num_steps - 1

    def tell_layers(
        self, number: int, moved: np.ndarray, grads: np.ndarray, dead: Mapping[str, np.ndarray]
    ) -> None:
        """Tell how far the weights moved in a step and why, and which layers have dead units."""
        names = programs.weight_names(self.network.shapes()[0])
        told = names, _finite(moved), list(dead), _finite(dead.values()), _finite(grads)
        self._emit(Layers("layers", self.index, number, *told))

    @property
    def tests(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Where in `parts.tested` the sample of training images is, and where validation is."""
        first, end = self.parts.num_validation, self.parts.tested.y.size
        return (first, end), (0, first)

    def tell_begun(self, tested: Sequence[objective.Totals]) -> None:
        """Tell what the first weights make of the sample and of the validation images."""
        self._emit(Begun("begun", self.index, *_tested(tested)))

    def tell_epoch(self, seen: objective.Totals, tested: Sequence[objective.Totals]) -> None:
        """Tell an epoch's numbers, those who watch the loss too.

        Args:
            seen: sums over the epoch's batches.
            tested: sums over the sample and over the validation images, at its end.
        """
        numbers = _tested(tested)
        epoch = self.epoch
        self._observe(numbers[2])
        self._emit_epoch(epoch, numbers, _means(seen))

    def _emit_epoch(
        self, epoch: int, tested: tuple[Mean, Mean, Mean, Mean], means: tuple[Mean, Mean]
    ) -> None:
        seconds = self.clock - self._epoch_clock
        self._epoch_clock = self.clock
        self._emit(EpochEnd("epoch", self.index, epoch, *tested, seconds, self.clock, *means))

    def _observe(self, val_loss: float | None) -> None:
        self._val_losses.append(val_loss)
        for watcher in self._watchers.values():
            watcher.tell(val_loss)

    def end(self, outcome: Outcome) -> None:
        """Say how the run ended; only the first time counts."""
        if not self.ended:
            self.ended, self.outcome = True, outcome
            self._emit(RunEnd("end", self.index, outcome, self._diverged_at))


def scheduled_knobs(run: Run, num_steps: int, steps_per_epoch: int) -> Mapping[str, np.ndarray]:
    """Each scheduled knob's value at each step: name -> (num_steps,) float32.

    Raises:
        ValueError: a schedule takes a knob out of its domain.
    """
    values = {}
    # Of few lengths, so that another number of steps compiles nothing.
    length = capacity_for(num_steps)
    for knob, schedule in run.schedules:
        factors = values_of(schedule, num_steps, steps_per_epoch, length)[:num_steps]
        check_domain(run.optimizer, knob, (float(factors.min()), float(factors.max())))
        values[knob] = np.float32(getattr(run.optimizer, knob) * factors)
    return values


def _finite(values: Iterable[Any]) -> list[float | None]:
    return [finite(float(value)) for value in values]


def _means(totals: objective.Totals) -> tuple[float | None, float | None]:
    """Mean loss and accuracy."""
    loss, correct, count = (float(value) for value in totals)
    return finite(loss / count), finite(correct / count)


def _tested(tested: Sequence[objective.Totals]) -> tuple[Mean, Mean, Mean, Mean]:
    sample, validation = map(_means, tested)
    return (*sample, *validation)


def measures_of(told: Sequence[programs.Measures]) -> tuple[np.ndarray, np.ndarray]:
    """Losses and gradient norms of consecutive steps, on the host."""
    found = jax.device_get([(m.loss, m.grad_norm) for m in told])
    both = np.asarray(found, np.float32).reshape(-1, 2)
    return both[:, 0], both[:, 1]
