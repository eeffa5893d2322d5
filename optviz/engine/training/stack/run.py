"""Many runs of one network moved on as one program: stacked weights, a span of steps at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax

from optviz.engine.training import snapshots
from optviz.engine.training.events import Compiling, OnEvent, Outcome
from optviz.engine.training.life import SPAN_SECONDS, Life
from optviz.engine.training.objective import Totals
from optviz.engine.training.stack.device import Seat, Stack
from optviz.engine.training.stack.programs import CAPACITY, Told
from optviz.engine.training.track import Track
from optviz.networks.base import Params


class Flight(NamedTuple):
    """A span that was handed to the device and has not been told."""

    length: int
    told: tuple[Told, ...]


class TrainStack(Life):
    """Weights and optimizer states of many runs, stacked; `epochs` moves them on together.

    The network's switches, the recipe, the images, the batch size and the number of steps are the
    same for all runs; rules, knobs, strengths, seeds and schedules are their own. A run that has
    diverged keeps its place, untold: taking it out would compile everything anew.

    Runs whose snapshots are of different steps begin at the earliest; each of the others is untold
    until the stack comes to its step, where its snapshot takes its place. So a training goes on
    with the very program that it was broken off in.
    """

    def __init__(
        self,
        tracks: Sequence[Track],
        emit: OnEvent,
        should_stop: Callable[[], bool],
        checkpoint_every: int | None,
        devices: Sequence[Any] = (),
        alone: bool = True,
    ) -> None:
        """Decide who sits where; the arguments that are not named here are those of `Life`.

        Args:
            devices: share the runs, as many of them as have something to do; none: the default.
            alone: whether nobody else takes turns with these runs: then the device begins the next
                steps before the last ones are told.
        """
        super().__init__(tracks, emit, should_stop, checkpoint_every)
        self._alone = alone
        self._stack = Stack(tracks, devices)
        self._per_step = 0.0  # seconds, as last seen; 0: not yet

    def needed(self) -> int:
        """Bytes that each device needs for all of it; compiles."""
        for seat in self._stack.seats:
            self._emit(Compiling("compiling", seat.track.index))
        return self._stack.needed()

    def seconds_per_step(self, steps: int) -> float:
        """How long one of the first steps takes, compilation excluded; nothing is told."""
        self._load()
        self._stack.begin_epoch(self._epoch)
        place, steps = (self._step, self._epoch), min(steps, self._one.steps_per_epoch)
        jax.block_until_ready(self._stack.advance(*place, 1))
        start = time.perf_counter()
        jax.block_until_ready(self._stack.advance(*place, steps))
        return (time.perf_counter() - start) / steps

    def _active(self) -> list[Seat]:
        """Who is told of: neither ended nor waiting for the stack."""
        return [s for s in self._stack.seats if not s.track.ended and s not in self._waiting]

    # On the device and back -----------------------------------------------------------------------

    def _load(self) -> None:
        begun = {seat: seat.track.begin() for seat in self._stack.seats}
        places = {s: (step, s.track.epoch) for s, (_, step) in begun.items() if not s.track.ended}
        self._step, self._epoch = min(places.values(), default=(0, 0))
        arrays = {seat: snapshots.to_arrays(carry) for seat, (carry, _) in begun.items()}
        self._waiting = {
            seat: (place, arrays[seat])
            for seat, place in places.items()
            if place > (self._step, self._epoch)
        }
        self._stack.load(arrays)

    def _enter(self) -> None:
        """Runs whose place the stack has come to join in."""
        come = [s for s, (place, _) in self._waiting.items() if place == (self._step, self._epoch)]
        if come:
            self._stack.put_in({seat: self._waiting.pop(seat)[1] for seat in come})

    def _keep(self, seats: Sequence[Seat]) -> None:
        for seat, carry in self._stack.rows(seats):
            seat.track.keep(carry)

    def _end(self, outcome: Outcome) -> None:
        seats = self._active()
        for seat in seats:
            seat.track.end(outcome)
        self._keep(seats)
        for seat in self._waiting:
            seat.track.end("stopped")  # its snapshot is the one it came with
        self._waiting = {}

    # Training -------------------------------------------------------------------------------------

    def _compile(self) -> None:
        # Each program once, for no step or for nothing.
        self._stack.begin_epoch(self._epoch)
        self._stack.advance(self._step, self._epoch, 0)
        self._add(self._zeros(), self._answers(), 0, 1)
        self._stack.dead(0)

    def _train(self) -> Iterator[None]:
        end = (self._epoch + 1) * self._one.steps_per_epoch
        begun = time.perf_counter()
        self._stack.begin_epoch(self._epoch)
        self._waited = time.perf_counter() - begun
        self._start = begun
        flight: Flight | None = None  # on its way while the next one is made ready
        while self._step < end and not self._should_stop():
            self._enter()
            count = self._next_count(end)
            told = self._stack.advance(self._step, self._epoch, count)
            self._step += count
            self._tell(flight)
            flight = Flight(count, told)
            keeps = self._is_due() or self._is_late()
            looks = self._one.looks_at(self._step - 1)
            enters = any(step == self._step for (step, _), _ in self._waiting.values())
            if keeps or looks or enters or not (self._alone and self._per_step):
                self._tell(flight)
                if looks:
                    self._look(flight.told)
                flight = None
                if keeps:
                    self._keep(self._active())
                    self._kept_at = time.monotonic()
            if not self._left():
                return
            yield
            self._start = time.perf_counter()
        self._tell(flight)

    def _next_count(self, end: int) -> int:
        """How many steps to hand over: none beyond what has to be looked at or kept."""
        first, every = self._step, self._one.look_every
        ends = [end, first + CAPACITY, -(-first // every) * every + 1]
        ends += [step for (step, _), _ in self._waiting.values() if step > first]
        if self._every is not None:
            ends.append((first // self._every + 1) * self._every)
        wanted = round(SPAN_SECONDS / self._per_step) if self._per_step else 1
        return min(min(ends) - first, max(wanted, 1))

    def _tell(self, flight: Flight | None) -> None:
        """Wait for a span and tell what it brought; a run's seconds are its share of all."""
        if flight is None:
            return
        found = jax.device_get([(t.losses, t.grad_norms) for t in flight.told])
        now = time.perf_counter()
        share = (now - self._start) / len(self._stack.seats)
        waited = self._waited / len(self._stack.seats)
        self._per_step = (now - self._start) / flight.length
        self._start, self._waited = now, 0.0
        for seat in self._active():
            losses, norms = (values[: flight.length, seat.row] for values in found[seat.slice])
            seat.track.clock += share
            seat.track.tell(losses, norms, waited)
            if seat.track.ended:
                self._keep([seat])

    def _look(self, told: Sequence[Told]) -> None:
        """Tell of the layers after the last step."""
        number = self._step - 1
        found = self._stack.dead(number - self._epoch * self._one.steps_per_epoch)
        ratios, dead = jax.device_get(([(t.update_ratios, t.grad_ratios) for t in told], found))
        for seat in self._active():
            shares = {name: values[seat.row] for name, values in dead[seat.slice].items()}
            moved, grads = (values[seat.row] for values in ratios[seat.slice])
            seat.track.tell_layers(number, moved, grads, shares)

    # Tests ----------------------------------------------------------------------------------------

    def _answers(self) -> tuple[Params, ...]:
        return self._stack.answers()

    def _zeros(self) -> tuple[Totals, ...]:
        return self._stack.zeros()

    def _add(
        self, totals: tuple[Totals, ...], answers: tuple[Params, ...], start: int, end: int
    ) -> tuple[Totals, ...]:
        return self._stack.block(answers, totals, start, end)

    def _end_epoch(self) -> bool:
        self._enter()  # those that were kept between an epoch's last step and its test
        return super()._end_epoch()

    def _tell_begun(self, tested: Sequence[tuple[Totals, ...]]) -> None:
        for seat in self._active():
            seat.track.tell_begun(_rows(tested, seat))

    def _tell_epoch(self, tested: Sequence[tuple[Totals, ...]]) -> None:
        (seen,) = jax.device_get([[carry.totals for carry in self._stack.carries]])
        for seat in self._active():
            (own,) = _rows([seen], seat)
            seat.track.tell_epoch(own, _rows(tested, seat))


def _rows(parts: Sequence[Sequence[Totals]], seat: Seat) -> list[Totals]:
    """A run's own sums, of those by slice."""
    return [Totals(*(values[seat.row] for values in part[seat.slice])) for part in parts]
