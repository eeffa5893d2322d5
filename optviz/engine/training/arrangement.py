"""Who trains together: as stacks or one by one, and how many at once where memory is short."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import psutil

from optviz.engine.training import timing
from optviz.engine.training.events import Notice, OnEvent
from optviz.engine.training.loop import TrainLoop
from optviz.engine.training.stack.run import TrainStack
from optviz.engine.training.track import Track
from optviz.optimizers.base import in_bytes

ARRANGEMENTS = ("loop", "stack")


class Lane(NamedTuple):
    """Runs on their way."""

    tracks: Sequence[Track]
    turns: Iterator[None]  # each `next` brings them a little further


class Hands(NamedTuple):
    """What every run is given."""

    emit: OnEvent
    should_stop: Callable[[], bool]
    checkpoint_every: int | None


def grouped(tracks: Sequence[Track]) -> list[list[Track]]:
    """Runs that one program can train: the same but for numbers, rules, seeds and schedules."""
    found: dict[Any, list[Track]] = {}
    for track in tracks:
        spec = track.spec
        images = id(track.parts)  # each split of the data is there once
        same = jax.tree.structure(track.network), track.recipe, spec.batch_size, spec.epochs, images
        found.setdefault(same, []).append(track)
    return list(found.values())


def shifts(
    tracks: Sequence[Track], hands: Hands, arrangement: str | None, limit: int | None = None
) -> Iterator[list[Lane]]:
    """Lanes that train all runs: those of a shift at the same time, one shift after the other.

    Nearly always there is one shift; there are more where memory does not hold all runs.

    Args:
        tracks: the runs.
        hands: what every run is given.
        arrangement: "stack": runs that one program can train are one; "loop": one by one; None:
            whichever is the quicker here.
        limit: bytes that may be taken; None: what is free.

    Raises:
        ValueError: not even one run fits; or a snapshot is of another network or rule.
    """
    limit = min(map(free_bytes, jax.local_devices())) if limit is None else limit
    parts: list[_Part] = []
    for group in grouped(tracks):
        chosen = arrangement or timing.without_timing(group)
        if chosen != "loop":
            stacks = _stacks(group, hands, limit)
            if chosen is None:
                chosen, form = timing.quickest(stacks[0].tracks)
                if form != group[0].recipe.convolution:
                    for track in group:
                        track.recipe = track.recipe._replace(convolution=form)
                    stacks = _stacks(group, hands, limit)
            parts += stacks if chosen == "stack" else []
        if chosen == "loop":
            parts += [_Part([track], _loop_bytes(track), "loop") for track in group]
    for shift in _packed(parts, limit):
        lanes = [_lane(part, hands, alone=len(shift) == 1) for part in shift]
        for lane in lanes:
            # On the device now: what is wrong with a snapshot is said at once.
            next(lane.turns, None)
        yield lanes


class _Part(NamedTuple):
    """Runs that stand or fall together."""

    tracks: list[Track]
    needed: int  # bytes
    arrangement: str


def _stack(tracks: Sequence[Track], hands: Hands, alone: bool = True) -> TrainStack:
    devices = jax.local_devices()
    return TrainStack(tracks, *hands, devices=devices if len(devices) > 1 else (), alone=alone)


def _stacks(group: list[Track], hands: Hands, limit: int) -> list[_Part]:
    """One stack, or several where it does not fit."""
    needed = _stack(group, hands).needed()
    if needed <= limit:
        return [_Part(group, needed, "stack")]
    one = _stack(group[:1], hands).needed() if len(group) > 1 else needed
    most = fitting(len(group), one, needed, limit)
    if most < 1:
        raise ValueError(
            f"{group[0].network.label} with a batch_size of {group[0].spec.batch_size} needs "
            f"{in_bytes(one)} for one run, {in_bytes(limit)} are free: take a smaller batch_size"
        )
    hands.emit(
        Notice(
            "notice",
            f"{len(group)} runs need {in_bytes(needed)}, {in_bytes(limit)} are free: "
            f"{most} at a time",
        )
    )
    each = needed // len(group)
    return [_Part(part, max(one, each * len(part)), "stack") for part in _cut(group, most)]


def fitting(count: int, one: int, all_of_them: int, limit: int) -> int:
    """How many runs fit into `limit` bytes, where one needs `one` and `count` need `all_of_them`.

    What does not depend on the number of runs, the images for one, is the intercept of the line.
    """
    if one > limit:
        return 0
    if count == 1:
        return 1
    slope = max((all_of_them - one) / (count - 1), 1.0)
    return min(count, 1 + math.floor((limit - one) / slope))


def free_bytes(device: Any) -> int:
    """What a device has left; of the host, what its memory has."""
    stats = device.memory_stats() or {}
    if "bytes_limit" in stats:
        return stats["bytes_limit"] - stats["bytes_in_use"]
    return psutil.virtual_memory().available


def _loop_bytes(track: Track) -> int:
    """Of a run that is stepped alone: weights, state, and a gradient like the weights."""
    carry = track.shapes()
    leaves = jax.tree.leaves((carry, carry.params))
    return sum(leaf.size * leaf.dtype.itemsize for leaf in leaves)


def _cut(group: list[Track], most: int) -> list[list[Track]]:
    """As few parts as hold `most` each at most, nearly equally long."""
    count = -(-len(group) // most)
    ends = [len(group) * part // count for part in range(count + 1)]
    return [group[a:b] for a, b in itertools.pairwise(ends)]


def _packed(parts: Sequence[_Part], limit: int) -> list[list[_Part]]:
    """Parts that are in memory together, in order."""
    found: list[list[_Part]] = [[]]
    for part in parts:
        if found[-1] and sum(p.needed for p in found[-1]) + part.needed > limit:
            found.append([])
        found[-1].append(part)
    return found


def _lane(part: _Part, hands: Hands, alone: bool) -> Lane:
    if part.arrangement == "loop":
        return Lane(part.tracks, _looped(part.tracks[0], hands))
    return Lane(part.tracks, _stacked(part.tracks, hands, alone))


def _looped(track: Track, hands: Hands) -> Iterator[None]:
    try:
        yield from TrainLoop([track], *hands).epochs()
    except jax.errors.JaxRuntimeError as error:
        raise _named(error, 1) from error


def _stacked(tracks: Sequence[Track], hands: Hands, alone: bool) -> Iterator[None]:
    """A stack; where memory turns out to be short before the first step, its halves in turn."""
    lane = _stack(tracks, hands, alone).epochs()
    try:
        next(lane)  # on the device
        yield
        next(lane, None)  # compiled
    except jax.errors.JaxRuntimeError as error:
        if len(tracks) == 1 or not _is_shortage(error):
            raise _named(error, len(tracks)) from error
        half = -(-len(tracks) // 2)
    else:
        try:
            yield from lane
        except jax.errors.JaxRuntimeError as error:
            raise _named(error, len(tracks)) from error
        return
    del lane  # and what it has on the device
    text = f"there is no memory for {len(tracks)} runs at once: {half} at a time"
    hands.emit(Notice("notice", text))
    for part in (tracks[:half], tracks[half:]):
        yield from _stacked(part, hands, alone)


def _is_shortage(error: Exception) -> bool:
    return "RESOURCE_EXHAUSTED" in str(error)


def _named(error: Exception, count: int) -> Exception:
    """The error, or one line where memory ran out."""
    if not _is_shortage(error):
        return error
    runs = "one run" if count == 1 else f"{count} runs at once"
    return ValueError(
        f"the device ran out of memory with {runs}: take a smaller batch_size or fewer runs"
    )
