"""Schedules as users set them: any shape, decimal shares of the run, products, short and long."""

from __future__ import annotations

import random
from functools import reduce
from operator import mul
from typing import Any

from optviz.catalog import defaults, knobs, switches
from optviz.schedules import SCHEDULES, Schedule


def random_part(name: str, chance: random.Random) -> Schedule:
    """A schedule of this shape, with the numbers that a slider or a hand would set."""
    cls: Any = SCHEDULES[name]
    fields: dict[str, Any] = {}
    for knob, info in knobs(cls).items():
        low, high = info.typical
        if info.integer:
            fields[knob] = chance.randint(int(low), int(high))
        elif info.log:
            fields[knob] = float(f"{low * (high / low) ** chance.random():.2g}")
        else:
            fields[knob] = round(chance.uniform(low, high), chance.choice((1, 2, 3, 4)))
        if not info.contains(fields[knob]) or chance.random() < 0.15:
            fields[knob] = defaults(cls)[knob]
    for switch, info in switches(cls).items():
        if info.options:
            fields[switch] = chance.choice(info.options)
    if name == "multi_step":
        fields["milestones"] = _times(chance, 6)
    if name == "piecewise":
        fields["points"] = tuple((t, round(chance.uniform(0, 3), 2)) for t in _times(chance, 8))
    return cls(**fields)


def _times(chance: random.Random, most: int) -> tuple[float, ...]:
    count, digits = chance.randint(1, most), chance.choice((1, 2, 3))
    return tuple(sorted({round(chance.random(), digits) for _ in range(count)}))


def random_schedule(chance: random.Random, names: tuple[str, ...] = tuple(SCHEDULES)) -> Schedule:
    """One, or a product of up to three, with a warm-up in front of every third."""
    parts = [
        random_part(chance.choice(names), chance) for _ in range(chance.choice((1, 1, 1, 2, 3)))
    ]
    if chance.random() < 0.3:
        parts.insert(0, random_part("warmup", chance))
    return reduce(mul, parts)
