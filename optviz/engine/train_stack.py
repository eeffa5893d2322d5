"""Many runs of one network moved on as one program: stacked weights, a span of steps at a time."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding

from optviz.engine import stack_step, train_snapshot
from optviz.engine.stack_step import CAPACITY, RUNS, SAME, Feed, Fixed, Span, Told
from optviz.engine.train_events import Compiling, OnEvent
from optviz.engine.train_loop import BLOCK, KEEP_SECONDS
from optviz.engine.train_step import Carry, Totals
from optviz.engine.train_track import Track
from optviz.networks.base import Params

SPAN_SECONDS = 0.2  # that a span of steps takes, about: how often losses are told


class Seat(NamedTuple):
    """Where a run sits in the stack."""

    track: Track
    slice: int
    row: int


class Flight(NamedTuple):
    """A span that was handed to the device and has not been told."""

    length: int
    told: tuple[Told, ...]


class TrainStack:
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
        """Decide who sits where; nothing is on the device yet.

        Args:
            tracks: the runs.
            emit: called with each event.
            should_stop: asked before every span of steps.
            checkpoint_every: steps between two snapshots; None: about half a minute.
            devices: share the runs, as many of them as have something to do; none: the default.
        """
        self._emit, self._should_stop, self._every = emit, should_stop, checkpoint_every
        self._alone = alone
        slices = sliced(tracks)
        count = useful_devices([len(part) for part in slices], len(devices))
        self._mesh = Mesh(np.asarray(devices[:count]), (stack_step.AXIS,)) if count > 1 else None
        # Every device has as many of each slice: the last run fills up, seen by nobody.
        self._slices = [[*part, *[part[-1]] * (-len(part) % count)] for part in slices]
        self._seats = [
            Seat(track, index, row)
            for index, part in enumerate(slices)
            for row, track in enumerate(part)
        ]
        self._one = tracks[0]  # stands for all in what they have in common
        self._seeds = sorted({track.spec.seed for track in tracks})
        self._seconds = 0.0  # that the epoch has taken each run
        self._per_step = 0.0  # seconds, as last seen; 0: not yet
        self._kept_at = time.monotonic()

    def needed(self) -> int:
        """Bytes that each device needs for all of it; compiles, and puts nothing there."""
        for seat in self._seats:
            self._emit(Compiling("compiling", seat.track.index))
        one, carries = self._one, tuple(map(self._shapes, self._slices))
        fixed = self._all_fixed()
        orders = (len(self._seeds), one.steps_per_epoch, one.spec.batch_size)
        batches = (
            jax.ShapeDtypeStruct(orders, np.int32),
            jax.ShapeDtypeStruct(orders[1:2], np.int32),
        )
        train, held_out = self._placed(one.parts, SAME)
        feed = Feed(train, *(self._shape(leaf, SAME) for leaf in batches))
        span = Span(*np.zeros(3, np.int32))
        steps = stack_step.advance.lower(
            carries, fixed, self._rules(0, 1), feed, span, recipe=one.recipe, mesh=self._mesh
        )
        blocks = stack_step.evaluate_block.lower(
            tuple(carry.totals for carry in carries),
            tuple(carry.params for carry in carries),
            tuple(carry.stats for carry in carries),
            fixed,
            held_out,
            np.int32(0),
            **self._block_settings(),
        )
        # The optimizer's state is there while blocks are evaluated, though they do not see it.
        states = sum(map(_size, jax.tree.leaves([carry.state for carry in carries])))
        states //= self._mesh.size if self._mesh else 1
        return max(_bytes(steps.compile()), _bytes(blocks.compile()) + states)

    def _shapes(self, part: Sequence[Track]) -> Carry:
        """What a slice's carry will be, without making it."""

        def stacked(leaf: Any) -> Any:
            return self._shape(jax.ShapeDtypeStruct((len(part), *leaf.shape), leaf.dtype), RUNS)

        return jax.tree.map(stacked, part[0].shapes())

    def _shape(self, leaf: Any, over: Any) -> Any:
        place = None if self._mesh is None else NamedSharding(self._mesh, over)
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=place)

    def epochs(self) -> Iterator[None]:
        """Train and validate what is left, pausing after every span of steps.

        Before the first step there are two more pauses: once the runs are on the device, and once
        everything is compiled, so that nothing but the steps can run out of memory afterwards.
        """
        self._load()
        yield
        if self._left() and not self._stopped():
            self._compile()
            yield
        while self._left() and self._epoch < self._one.spec.epochs:
            if self._stopped():
                break
            yield from self._train()
            if self._stopped() or not self._validate():
                break
        for seat in self._active():
            seat.track.end("finished")
            self._keep([seat])

    def seconds_per_step(self, steps: int) -> float:
        """How long one of the first steps takes, compilation excluded; nothing is told."""
        self._load()
        self._begin_epoch()
        first, steps = self._step, min(steps, self._one.steps_per_epoch)
        jax.block_until_ready(self._advance(1))
        self._step = first
        start = time.perf_counter()
        jax.block_until_ready(self._advance(steps))
        return (time.perf_counter() - start) / steps

    def _left(self) -> bool:
        return any(not seat.track.ended for seat in self._seats)

    def _active(self) -> list[Seat]:
        """Who is told of: neither ended nor waiting for the stack."""
        return [s for s in self._seats if not s.track.ended and s not in self._waiting]

    def _stopped(self) -> bool:
        """Whether all runs have ended, now that it has been looked whether they should."""
        if self._left() and self._should_stop():
            for seat in self._active():
                seat.track.end("stopped")
                self._keep([seat])
            for seat in self._waiting:
                seat.track.end("stopped")  # its snapshot is the one it came with
            self._waiting = {}
        return not self._left()

    # On the device and back -----------------------------------------------------------------------

    def _load(self) -> None:
        """Put every run on the device, as it begins or as its snapshot has it."""
        begun = {seat: seat.track.begin() for seat in self._seats}
        places = {s: (step, s.track.epoch) for s, (_, step) in begun.items() if not s.track.ended}
        self._step, self._epoch = min(places.values(), default=(0, 0))
        arrays = {seat: train_snapshot.to_arrays(carry) for seat, (carry, _) in begun.items()}
        self._waiting = {
            seat: (place, arrays[seat])
            for seat, place in places.items()
            if place > (self._step, self._epoch)
        }
        rows = [[seat for seat in self._seats if seat.slice == i] for i in range(len(self._slices))]
        self._like = [begun[row[0]][0] for row in rows]
        stacked = []
        for row, part in zip(rows, self._slices, strict=True):
            row = [*row, *[row[-1]] * (len(part) - len(row))]
            stacked.append({p: np.stack([arrays[s][p] for s in row]) for p in arrays[row[0]]})
        self._put(stacked)
        self._fixed = self._all_fixed()
        self._images = self._placed(self._one.parts.train, SAME)
        self._held_out = self._placed(self._one.parts.validation, SAME)

    def _all_fixed(self) -> tuple[Fixed, ...]:
        return self._placed(tuple(_fixed(part, self._seeds) for part in self._slices), RUNS)

    def _placed(self, tree: Any, over: Any) -> Any:
        return tree if self._mesh is None else jax.device_put(tree, NamedSharding(self._mesh, over))

    def _put(self, stacked: list[dict[str, np.ndarray]]) -> None:
        """Arrays by path, of each slice, become what is trained."""
        pairs = zip(stacked, self._like, strict=True)
        carries = tuple(train_snapshot.from_arrays(arrays, like) for arrays, like in pairs)
        self._carries = self._placed(carries, RUNS)

    def _enter(self) -> None:
        """Runs whose place the stack has come to join in."""
        come = [s for s, (place, _) in self._waiting.items() if place == (self._step, self._epoch)]
        if not come:
            return
        stacked = [dict(train_snapshot.to_arrays(carry)) for carry in self._carries]
        for seat in come:
            _, arrays = self._waiting.pop(seat)
            for path, array in arrays.items():
                whole = stacked[seat.slice][path].copy()
                whole[seat.row] = array
                stacked[seat.slice][path] = whole
        self._put(stacked)

    def _keep(self, seats: Sequence[Seat]) -> None:
        for index, carry in enumerate(self._carries):
            kept = [seat for seat in seats if seat.slice == index]
            if kept:
                host = jax.device_get(jax.tree.map(train_snapshot.plain, carry))
                for seat in kept:
                    seat.track.keep(jax.tree.map(lambda a, row=seat.row: a[row], host))

    # Training -------------------------------------------------------------------------------------

    def _begin_epoch(self) -> None:
        """Put the order of the epoch's images on the device."""
        tracks = {seat.track.spec.seed: seat.track for seat in self._seats}
        epochs = [list(tracks[seed].batches(self._epoch)) for seed in self._seeds]
        orders = np.stack([np.stack([batch.chosen for batch in epoch]) for epoch in epochs])
        sizes = np.asarray([batch.size for batch in epochs[0]], np.int32)
        self._feed = Feed(
            self._images, *self._placed((jnp.asarray(orders), jnp.asarray(sizes)), SAME)
        )

    def _rules(self, first: int, count: int) -> tuple[Any, ...]:
        return tuple(_rules(part, first, count) for part in self._slices)

    def _compile(self) -> None:
        """Compile before the clock runs: each program once, for no step or for nothing."""
        self._begin_epoch()
        self._advance(0)
        self._block(self._answers(), self._zeros(), 0)
        self._dead(0)

    def _advance(self, count: int) -> tuple[Told, ...]:
        """Hand the next steps to the device."""
        position = self._step - self._epoch * self._one.steps_per_epoch
        # Without a step to go, any place serves; none may lie beyond the last.
        span = Span(*map(np.int32, (self._step, position, count)))
        rules = self._rules(min(self._step, self._one.num_steps - 1), max(count, 1))
        self._carries, told = stack_step.advance(
            self._carries,
            self._fixed,
            rules,
            self._feed,
            span,
            recipe=self._one.recipe,
            mesh=self._mesh,
        )
        self._step += count
        return told

    def _train(self) -> Iterator[None]:
        """Go through the steps of one epoch that are left, or to where all runs end."""
        end = (self._epoch + 1) * self._one.steps_per_epoch
        if self._step == end - self._one.steps_per_epoch:
            self._seconds = 0.0
        begun = time.perf_counter()
        self._begin_epoch()
        self._waited = time.perf_counter() - begun
        self._start = begun
        flight: Flight | None = None  # on its way while the next one is made ready
        while self._step < end and not self._should_stop():
            self._enter()
            count = self._next_count(end)
            told = self._advance(count)
            self._tell(flight)
            flight = Flight(count, told)
            due = self._every is not None and self._step % self._every == 0
            late = self._every is None and time.monotonic() - self._kept_at > KEEP_SECONDS
            looks = self._one.looks_at(self._step - 1)
            enters = any(step == self._step for (step, _), _ in self._waiting.values())
            if due or late or looks or enters or not (self._alone and self._per_step):
                self._tell(flight)
                if looks:
                    self._look(flight.told)
                flight = None
                if due or late:
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
        share = (now - self._start) / len(self._seats)
        waited = self._waited / len(self._seats)
        self._per_step = (now - self._start) / flight.length
        self._start, self._waited = now, 0.0
        self._seconds += share
        for seat in self._active():
            losses, norms = (values[: flight.length, seat.row] for values in found[seat.slice])
            seat.track.clock += share
            seat.track.tell(losses, norms, waited)
            if seat.track.ended:
                self._keep([seat])

    def _look(self, told: Sequence[Told]) -> None:
        """Tell of the layers after the last step."""
        number = self._step - 1
        found = self._dead(number - self._epoch * self._one.steps_per_epoch)
        ratios, dead = jax.device_get(([t.update_ratios for t in told], found))
        for seat in self._active():
            shares = {name: values[seat.row] for name, values in dead[seat.slice].items()}
            seat.track.tell_layers(number, ratios[seat.slice][seat.row], shares)

    def _dead(self, place: int) -> tuple[dict[str, jax.Array], ...]:
        stats = tuple(carry.stats for carry in self._carries)
        return stack_step.dead_shares(
            self._answers(), stats, self._fixed, self._feed, np.int32(place), mesh=self._mesh
        )

    # Validation -----------------------------------------------------------------------------------

    def _validate(self) -> bool:
        """Validate and tell the epoch; False where the runs were stopped meanwhile."""
        self._enter()
        start = time.perf_counter()
        params, totals = self._answers(), self._zeros()
        for first in range(0, self._held_out.y.size, BLOCK):
            if self._stopped():
                return False
            totals = self._block(params, totals, first)
        trained, validated = jax.device_get(([c.totals for c in self._carries], totals))
        share = (time.perf_counter() - start) / len(self._seats)
        for seat in self._active():
            seat.track.clock += share
            own, held_out = (_row(t[seat.slice], seat.row) for t in (trained, validated))
            seat.track.tell_epoch(own, held_out, self._seconds + share)
        self._epoch += 1
        return True

    def _answers(self) -> tuple[Params, ...]:
        return stack_step.answers(self._carries, self._fixed, mesh=self._mesh)

    def _zeros(self) -> tuple[Totals, ...]:
        sizes = map(len, self._slices)
        return self._placed(tuple(Totals(*3 * [jnp.zeros(n, jnp.float32)]) for n in sizes), RUNS)

    def _block(
        self, params: tuple[Params, ...], totals: tuple[Totals, ...], first: int
    ) -> tuple[Totals, ...]:
        return stack_step.evaluate_block(
            totals,
            params,
            tuple(carry.stats for carry in self._carries),
            self._fixed,
            self._held_out,
            np.int32(first),
            **self._block_settings(),
        )

    def _block_settings(self) -> dict[str, Any]:
        size = min(BLOCK, self._one.parts.validation.y.size)
        return {"recipe": self._one.recipe, "size": size, "mesh": self._mesh}


def sliced(tracks: Sequence[Track]) -> list[list[Track]]:
    """Tracks by their rule and its switches; the same rules are in the same order, always."""
    found: dict[Any, list[Track]] = {}
    for track in tracks:
        found.setdefault(jax.tree.structure(track.optimizer), []).append(track)
    return [found[rule] for rule in sorted(found, key=str)]


def useful_devices(lengths: Sequence[int], available: int) -> int:
    """How many devices to share slices of these lengths: the fewest that are the quickest.

    Every device takes a whole number of rows of each slice.
    """
    return min(range(1, available + 1), key=lambda n: sum(-(-k // n) for k in lengths), default=1)


def _bytes(compiled: Any) -> int:
    """What a program and its arguments take on each device; donated arrays are results too."""
    found = compiled.memory_analysis()
    taken = found.argument_size_in_bytes + found.output_size_in_bytes + found.temp_size_in_bytes
    return taken - found.alias_size_in_bytes


def _size(leaf: Any) -> int:
    return leaf.size * leaf.dtype.itemsize


def _row(totals: Totals, row: int) -> Totals:
    return Totals(*(values[row] for values in totals))


def _fixed(part: Sequence[Track], seeds: Sequence[int]) -> Fixed:
    return Fixed(
        _stacked([track.network for track in part]),
        _stacked([track.strengths for track in part]),
        jnp.stack([track.key for track in part]),
        jnp.asarray([seeds.index(track.spec.seed) for track in part], jnp.int32),
        _stacked([track.optimizer for track in part]),
    )


def _stacked(trees: Sequence[Any]) -> Any:
    return jax.tree.map(lambda *values: jnp.asarray(np.stack(values)), *trees)


def _rules(part: Sequence[Track], first: int, count: int) -> Any:
    """The rule of a slice at each step from `first` on: leaves (CAPACITY, runs)."""
    rows = []
    for track in part:
        scheduled = track.knobs_at(slice(first, first + count))
        rule = jax.tree.map(lambda value: np.full(CAPACITY, value), track.optimizer)
        filled = {name: np.resize(values, CAPACITY) for name, values in scheduled.items()}
        rows.append(dataclasses.replace(rule, **filled))
    return jax.tree.map(lambda *values: np.stack(values, axis=1), *rows)
