"""Runs of one network stacked on the device, and what the device is asked to do with them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding

from optviz.engine.training import snapshots
from optviz.engine.training.life import BLOCK
from optviz.engine.training.objective import Totals
from optviz.engine.training.programs import Carry
from optviz.engine.training.stack import programs as stack_programs
from optviz.engine.training.stack.programs import CAPACITY, RUNS, SAME, Feed, Fixed, Span, Told
from optviz.engine.training.track import Track
from optviz.networks.base import Params


class Seat(NamedTuple):
    """Where a run sits in the stack."""

    track: Track
    slice: int
    row: int


class Stack:
    """Weights and optimizer states of many runs: `slices` of one rule each, with a row a run."""

    def __init__(self, tracks: Sequence[Track], devices: Sequence[Any] = ()) -> None:
        """Decide who sits where; nothing is on the device yet.

        Args:
            tracks: the runs.
            devices: share the runs, as many of them as have something to do; none: the default.
        """
        slices = sliced(tracks)
        count = useful_devices([len(part) for part in slices], len(devices))
        self.mesh = Mesh(np.asarray(devices[:count]), (stack_programs.AXIS,)) if count > 1 else None
        # Every device has as many of each slice: the last run fills up, seen by nobody.
        self.slices = [[*part, *[part[-1]] * (-len(part) % count)] for part in slices]
        self.seats = [
            Seat(track, index, row)
            for index, part in enumerate(slices)
            for row, track in enumerate(part)
        ]
        self.one = tracks[0]  # stands for all in what they have in common
        self._seeds = sorted({track.spec.seed for track in tracks})

    def load(self, arrays: Mapping[Seat, Mapping[str, np.ndarray]]) -> None:
        """Put every run on the device, each as arrays by path."""
        stacked = []
        for index, part in enumerate(self.slices):
            rows = [arrays[seat] for seat in self.seats if seat.slice == index]
            rows += [rows[-1]] * (len(part) - len(rows))
            stacked.append({path: np.stack([row[path] for row in rows]) for path in rows[0]})
        self._put(stacked)
        self._fixed = self._all_fixed()
        self._images = self._placed(self.one.parts.train, SAME)
        self._tested = self._placed(self.one.parts.tested, SAME)

    def put_in(self, come: Mapping[Seat, Mapping[str, np.ndarray]]) -> None:
        """Give some runs other arrays."""
        stacked = [dict(snapshots.to_arrays(carry)) for carry in self.carries]
        for seat, arrays in come.items():
            for path, array in arrays.items():
                whole = stacked[seat.slice][path].copy()
                whole[seat.row] = array
                stacked[seat.slice][path] = whole
        self._put(stacked)

    def rows(self, seats: Sequence[Seat]) -> Iterator[tuple[Seat, Carry]]:
        """Each run's own carry, on the host."""
        for index, carry in enumerate(self.carries):
            wanted = [seat for seat in seats if seat.slice == index]
            if wanted:
                host = jax.device_get(jax.tree.map(snapshots.plain, carry))
                for seat in wanted:
                    yield seat, jax.tree.map(lambda a, row=seat.row: a[row], host)

    def needed(self) -> int:
        """Bytes that each device needs for all of it; compiles, and puts nothing there."""
        one, carries = self.one, tuple(map(self._shapes, self.slices))
        fixed = self._all_fixed()
        orders = (len(self._seeds), one.steps_per_epoch, one.batch_size)
        batches = (
            jax.ShapeDtypeStruct(orders, np.int32),
            jax.ShapeDtypeStruct(orders[1:2], np.int32),
        )
        train, tested = self._placed((one.parts.train, one.parts.tested), SAME)
        feed = Feed(train, *(self._shape(leaf, SAME) for leaf in batches))
        span = Span(*np.zeros(3, np.int32))
        steps = stack_programs.advance.lower(
            carries, fixed, self._rules(0, 1), feed, span, recipe=one.recipe, mesh=self.mesh
        )
        blocks = stack_programs.evaluate_block.lower(
            tuple(carry.totals for carry in carries),
            tuple(carry.params for carry in carries),
            tuple(carry.stats for carry in carries),
            fixed,
            tested,
            (np.int32(0), np.int32(1)),
            **self._block_settings(),
        )
        # The optimizer's state is there while blocks are evaluated, though they do not see it.
        states = sum(map(_size, jax.tree.leaves([carry.state for carry in carries])))
        states //= self.mesh.size if self.mesh else 1
        return max(_bytes(steps.compile()), _bytes(blocks.compile()) + states)

    def _shapes(self, part: Sequence[Track]) -> Carry:
        """What a slice's carry will be, without making it."""

        def stacked(leaf: Any) -> Any:
            return self._shape(jax.ShapeDtypeStruct((len(part), *leaf.shape), leaf.dtype), RUNS)

        return jax.tree.map(stacked, part[0].shapes())

    def _shape(self, leaf: Any, over: Any) -> Any:
        place = None if self.mesh is None else NamedSharding(self.mesh, over)
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=place)

    def _all_fixed(self) -> tuple[Fixed, ...]:
        return self._placed(tuple(_fixed(part, self._seeds) for part in self.slices), RUNS)

    def _placed(self, tree: Any, over: Any) -> Any:
        return tree if self.mesh is None else jax.device_put(tree, NamedSharding(self.mesh, over))

    def _put(self, stacked: list[dict[str, np.ndarray]]) -> None:
        """Arrays by path, of each slice, become what is trained."""
        pairs = zip(stacked, [part[0].shapes() for part in self.slices], strict=True)
        carries = tuple(snapshots.from_arrays(arrays, like) for arrays, like in pairs)
        self.carries = self._placed(carries, RUNS)

    def begin_epoch(self, epoch: int) -> None:
        """Put the order of an epoch's images on the device."""
        tracks = {seat.track.spec.seed: seat.track for seat in self.seats}
        epochs = [list(tracks[seed].batches(epoch)) for seed in self._seeds]
        orders = np.stack([np.stack([batch.chosen for batch in epoch]) for epoch in epochs])
        sizes = np.asarray([batch.size for batch in epochs[0]], np.int32)
        self._feed = Feed(
            self._images, *self._placed((jnp.asarray(orders), jnp.asarray(sizes)), SAME)
        )

    def _rules(self, first: int, count: int) -> tuple[Any, ...]:
        return tuple(_rules(part, first, count) for part in self.slices)

    def advance(self, step: int, epoch: int, count: int) -> tuple[Told, ...]:
        """Hand the `count` steps from `step` on, of one epoch, to the device."""
        position = step - epoch * self.one.steps_per_epoch
        # Without a step to go, any place serves; none may lie beyond the last.
        span = Span(*map(np.int32, (step, position, count)))
        rules = self._rules(min(step, self.one.num_steps - 1), max(count, 1))
        self.carries, told = stack_programs.advance(
            self.carries,
            self._fixed,
            rules,
            self._feed,
            span,
            recipe=self.one.recipe,
            mesh=self.mesh,
        )
        return told

    def dead(self, place: int) -> tuple[dict[str, jax.Array], ...]:
        stats = tuple(carry.stats for carry in self.carries)
        return stack_programs.dead_shares(
            self.answers(), stats, self._fixed, self._feed, np.int32(place), mesh=self.mesh
        )

    def answers(self) -> tuple[Params, ...]:
        return stack_programs.answers(self.carries, self._fixed, mesh=self.mesh)

    def zeros(self) -> tuple[Totals, ...]:
        sizes = map(len, self.slices)
        return self._placed(tuple(Totals(*3 * [jnp.zeros(n, jnp.float32)]) for n in sizes), RUNS)

    def block(
        self, params: tuple[Params, ...], totals: tuple[Totals, ...], start: int, end: int
    ) -> tuple[Totals, ...]:
        return stack_programs.evaluate_block(
            totals,
            params,
            tuple(carry.stats for carry in self.carries),
            self._fixed,
            self._tested,
            (np.int32(start), np.int32(end)),
            **self._block_settings(),
        )

    def _block_settings(self) -> dict[str, Any]:
        size = min(BLOCK, self.one.parts.tested.y.size)
        return {"recipe": self.one.recipe.of_evaluation(), "size": size, "mesh": self.mesh}


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
