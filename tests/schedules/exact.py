"""Schedules in exact fractions, for steps at which something happens: no rounding, no JAX.

A knob's value is the decimal fraction that one reads: 0.07 is seven hundredths.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import pairwise
from typing import Any

from optviz.schedules import Schedule


def read(value: Any) -> Fraction:
    """The fraction that a number's shortest decimal form says."""
    return Fraction(repr(float(value)))


def half_cosine(share: Fraction) -> float:
    return (1 + math.cos(math.pi * min(max(share, Fraction(0)), Fraction(1)))) / 2


def step(s: Any, t: Fraction, length: Fraction) -> float:
    return s.factor ** (t // (read(s.interval) * length))


def multi_step(s: Any, t: Fraction, length: Fraction) -> float:
    return s.factor ** sum(read(m) * length <= t for m in s.milestones)


def warm_restarts(s: Any, t: Fraction, length: Fraction) -> float:
    begin, cycle = Fraction(0), read(s.first_cycle) * length
    while begin + cycle <= t:
        begin, cycle = begin + cycle, cycle * read(s.growth)
    return s.final + (1 - s.final) * half_cosine((t - begin) / cycle)


def triangular(s: Any, t: Fraction, length: Fraction) -> float:
    turns = t / (read(s.cycle) * length)
    place, rise = turns - turns // 1, read(s.rise)
    height = min(place / rise, (1 - place) / (1 - rise))
    return s.low + (1 - s.low) * s.shrink ** (turns // 1) * float(height)


def one_cycle(s: Any, t: Fraction, length: Fraction) -> float:
    top, end = read(s.peak_at) * length - 1, length - 1
    if t <= top:
        begin, stop, share = s.start, 1.0, t / top if top > 0 else Fraction(1)
    else:
        begin, stop = 1.0, s.final
        share = (t - top) / (end - top) if end > top else Fraction(1)
    fallen = half_cosine(share) if s.shape == "cosine" else 1 - min(float(share), 1)
    return stop + (begin - stop) * fallen


def piecewise(s: Any, t: Fraction, length: Fraction) -> float:
    points = [(read(time) * length, factor) for time, factor in s.points]
    if t <= points[0][0]:
        return points[0][1]
    for (t0, f0), (t1, f1) in pairwise(points):
        if t <= t1:
            return f0 + (f1 - f0) * float((t - t0) / (t1 - t0))
    return points[-1][1]


def linear(s: Any, t: Fraction, length: Fraction) -> float:
    return s.start + (s.end - s.start) * float(min(t / (read(s.share) * length), Fraction(1)))


def warmup(s: Any, t: Fraction, length: Fraction) -> float:
    rise = read(s.share) * length
    return s.start + (1 - s.start) * (float(t / rise) if t < rise else 1)


def warmup_stable_decay(s: Any, t: Fraction, length: Fraction) -> float:
    rise, fall = read(s.warmup) * length, read(s.decay) * length
    share = max((t - (length - fall)) / fall, Fraction(0))
    left = {
        "linear": 1 - float(share),
        "cosine": half_cosine(share),
        "sqrt": 1 - math.sqrt(share),
    }[s.shape]
    return (float(t / rise) if t < rise else 1) * (s.final + (1 - s.final) * left)


def noam(s: Any, t: Fraction, length: Fraction) -> float:
    ratio = float((t + 1) / max(read(s.warmup) * length, Fraction(1)))
    return min(ratio, ratio**-0.5)


def cosine(s: Any, t: Fraction, length: Fraction) -> float:
    return s.final + (1 - s.final) * half_cosine(t / length)


def polynomial(s: Any, t: Fraction, length: Fraction) -> float:
    return s.final + (1 - s.final) * float(1 - t / length) ** s.power


FORMS: dict[str, Callable[[Any, Fraction, Fraction], float]] = {
    "annealing": lambda s, t, length: 1 / (s.epsilon + float(t)),
    "constant": lambda s, t, length: 1.0,
    "cosine": cosine,
    "exponential": lambda s, t, length: math.exp(-s.k * float(t)),
    "inverse_time": lambda s, t, length: 1 / (1 + s.k * float(t)),
    "linear": linear,
    "multi_step": multi_step,
    "noam": noam,
    "one_cycle": one_cycle,
    "piecewise": piecewise,
    "polynomial": polynomial,
    "reduce_on_plateau": lambda s, t, length: 1.0,  # before it has seen a loss
    "step": step,
    "triangular": triangular,
    "warm_restarts": warm_restarts,
    "warmup": warmup,
    "warmup_stable_decay": warmup_stable_decay,
}


def factor(schedule: Schedule, step: int, num_steps: int) -> float:
    """The factor at a step, of a product too."""
    value, t, length = 1.0, Fraction(step), Fraction(num_steps)
    for part in schedule.parts:
        value *= FORMS[part.name](part, t, length)
        lead = read(part.share) * length if part.name == "warmup" else Fraction(0)
        t, length = max(t - lead, Fraction(0)), length - lead
    return value


def moments(schedule: Schedule, num_steps: int) -> set[int]:
    """Steps at and beside which something happens, some of them where there are many."""
    found: list[Fraction] = []
    begin, length = Fraction(0), Fraction(num_steps)
    for part in schedule.parts:
        found += [begin + share * length for share in _shares(part)]
        lead = read(part.share) * length if part.name == "warmup" else Fraction(0)
        begin, length = begin + lead, length - lead
    near = {round(moment) + beside for moment in found for beside in (-1, 0, 1)}
    return {t for t in near if 0 <= t < num_steps} | {0, num_steps - 1}


def _shares(part: Any) -> Iterable[Fraction]:
    match part.name:
        case "step" | "triangular":
            every = read(part.interval if part.name == "step" else part.cycle)
            count = int(1 / every)
            return [k * every for k in {*range(1, 40), *range(max(1, count - 40), count + 1)}]
        case "warm_restarts":
            begin, cycle, found = Fraction(0), read(part.first_cycle), []
            while begin + cycle <= 1 and len(found) < 200:
                begin, cycle = begin + cycle, cycle * read(part.growth)
                found.append(begin)
            return found
        case "multi_step":
            return map(read, part.milestones)
        case "piecewise":
            return [read(time) for time, _ in part.points]
        case "one_cycle":
            return [read(part.peak_at)]
        case "warmup" | "linear":
            return [read(part.share)]
        case "warmup_stable_decay":
            return [read(part.warmup), 1 - read(part.decay)]
        case "noam":
            return [read(part.warmup)]
    return []
