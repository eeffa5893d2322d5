"""Each schedule as a few lines of NumPy or jax.numpy, and as a library's own where it has one.

A formula is the body of a function of `step` that returns the factor; `np` stands for either
library. Steps at which something happens are written out, for a run of `length` steps.
"""

from __future__ import annotations

import math
from functools import singledispatch
from typing import Any

from optviz.engine.factors import factors_of
from optviz.schedules import Schedule
from optviz.schedules.annealing import Annealing
from optviz.schedules.constant import Constant
from optviz.schedules.cosine import Cosine
from optviz.schedules.exponential import Exponential
from optviz.schedules.inverse_time import InverseTime
from optviz.schedules.linear import Linear
from optviz.schedules.multi_step import MultiStep
from optviz.schedules.noam import Noam
from optviz.schedules.one_cycle import OneCycle
from optviz.schedules.piecewise import Piecewise
from optviz.schedules.polynomial import Polynomial
from optviz.schedules.reduce_on_plateau import ReduceOnPlateau
from optviz.schedules.step import Step
from optviz.schedules.triangular import Triangular
from optviz.schedules.warm_restarts import WarmRestarts
from optviz.schedules.warmup import Warmup
from optviz.schedules.warmup_stable_decay import WarmupStableDecay

# Half a cosine, from 1 down to 0, as the formulas use it.
HALF_COSINE = "def half_cosine(share):\n    return (1 + np.cos(np.pi * np.clip(share, 0, 1))) / 2\n"


def text(value: Any) -> str:
    """A number without the last digits that only rounding has put there."""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(text, value))}]"
    short = float(f"{value:.13g}")
    return str(int(short)) if short == int(short) and abs(short) < 1e15 else repr(short)


def between(final: float, shape: str) -> str:
    """`shape`, which falls from 1 to 0, made to end at `final` instead."""
    return shape if final == 0 else f"{text(final)} + {text(1 - final)} * {shape}"


@singledispatch
def formula(schedule: Schedule, length: float) -> list[str]:
    """The lines of a function's body; of a schedule not known here a table of all its values."""
    values = factors_of(schedule, math.ceil(length), 1.0, "float64")
    return [f"return np.array({text(values.tolist())})[step]"]


@formula.register(Constant)
@formula.register(ReduceOnPlateau)
def _(schedule: Schedule, length: float) -> list[str]:
    return ["return 1.0"]


@formula.register
def _(schedule: Step, length: float) -> list[str]:
    interval = text(schedule.interval * length)
    return [f"return {text(schedule.factor)} ** np.floor(step / {interval})"]


@formula.register
def _(schedule: MultiStep, length: float) -> list[str]:
    times = text([share * length for share in schedule.milestones])
    return [f"return {text(schedule.factor)} ** np.sum(np.array({times}) <= step)"]


@formula.register
def _(schedule: Exponential, length: float) -> list[str]:
    return [f"return np.exp(-{text(schedule.k)} * step)"]


@formula.register
def _(schedule: InverseTime, length: float) -> list[str]:
    return [f"return 1 / (1 + {text(schedule.k)} * step)"]


@formula.register
def _(schedule: Annealing, length: float) -> list[str]:
    return [f"return 1 / ({text(schedule.epsilon)} + step)"]


@formula.register
def _(schedule: Polynomial, length: float) -> list[str]:
    left = f"np.clip(1 - step / {text(length)}, 0, 1) ** {text(schedule.power)}"
    return [f"return {between(schedule.final, left)}"]


@formula.register
def _(schedule: Linear, length: float) -> list[str]:
    return [_lines([0, schedule.share * length], [schedule.start, schedule.end])]


@formula.register
def _(schedule: Warmup, length: float) -> list[str]:
    if schedule.share == 0:
        return ["return 1.0"]
    return [_lines([0, schedule.share * length], [schedule.start, 1])]


@formula.register
def _(schedule: Piecewise, length: float) -> list[str]:
    times, factors = zip(*schedule.points, strict=True)
    return [_lines([share * length for share in times], factors)]


def _lines(times: Any, factors: Any) -> str:
    return f"return np.interp(step, np.array({text(times)}), np.array({text(factors)}))"


@formula.register
def _(schedule: Cosine, length: float) -> list[str]:
    return [f"return {between(schedule.final, f'half_cosine(step / {text(length)})')}"]


@formula.register
def _(schedule: WarmRestarts, length: float) -> list[str]:
    lengths, begins = restarts(schedule, length)
    return [
        f"begins, lengths = np.array({text(begins)}), np.array({text(lengths)})",
        "i = np.sum(begins <= step) - 1",
        f"return {between(schedule.final, 'half_cosine((step - begins[i]) / lengths[i])')}",
    ]


def restarts(schedule: WarmRestarts, length: float) -> tuple[list[float], list[float]]:
    """How long each cosine of the run is, and when it begins."""
    lengths, begins = [schedule.first_cycle * length], [0.0]
    while begins[-1] + lengths[-1] < length * (1 - 1e-9):
        begins.append(begins[-1] + lengths[-1])
        lengths.append(lengths[-1] * schedule.growth)
    return lengths, begins


@formula.register
def _(schedule: OneCycle, length: float) -> list[str]:
    top, end = schedule.peak_at * length - 1, length - 1
    if schedule.shape == "linear" and 0 < top < end:
        return [_lines([0, top, end], [schedule.start, 1, schedule.final])]
    shape = "half_cosine({})" if schedule.shape == "cosine" else "np.clip(1 - {}, 0, 1)"
    fall = shape.format(f"(step - {text(top)}) / {text(end - top)}" if end > top else "1")
    fall = f"return {between(schedule.final, fall)}"
    if top <= 0:
        return [fall]
    rise = f"1 - {text(1 - schedule.start)} * {shape.format(f'step / {text(top)}')}"
    return [
        f"rise = {rise}",
        fall.replace("return", "fall ="),
        f"return np.where(step < {text(top)}, rise, fall)",
    ]


@formula.register
def _(schedule: Triangular, length: float) -> list[str]:
    rise, cycle = schedule.rise, text(schedule.cycle * length)
    lines = [
        f"turns = step / {cycle}",
        "place = turns - np.floor(turns)",
        f"height = np.minimum(place / {text(rise)}, (1 - place) / {text(1 - rise)})",
    ]
    if schedule.shrink != 1:
        lines.append(f"height = height * {text(schedule.shrink)} ** np.floor(turns)")
    return [*lines, f"return {between(schedule.low, 'height')}"]


@formula.register
def _(schedule: WarmupStableDecay, length: float) -> list[str]:
    rise, fall = schedule.warmup * length, schedule.decay * length
    share = f"np.clip((step - {text(length - fall)}) / {text(fall)}, 0, 1)"
    shapes = {
        "linear": f"(1 - {share})",
        "cosine": f"half_cosine((step - {text(length - fall)}) / {text(fall)})",
        "sqrt": f"(1 - np.sqrt({share}))",
    }
    fallen = between(schedule.final, shapes[schedule.shape])
    if rise == 0:
        return [f"return {fallen}"]
    return [f"fall = {fallen}", f"return np.clip(step / {text(rise)}, 0, 1) * fall"]


@formula.register
def _(schedule: Noam, length: float) -> list[str]:
    return [
        f"share = (step + 1) / {text(max(schedule.warmup * length, 1))}",
        "return np.minimum(share, share**-0.5)",
    ]
