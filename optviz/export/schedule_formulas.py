"""Each schedule as a few lines of NumPy or jax.numpy.

A formula is the body of a function of `step` that returns the factor; `np` stands for either
library. Steps at which something happens are written out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import singledispatch, wraps
from typing import Any, NamedTuple

from optviz.engine.factors import factors_of
from optviz.schedules import Schedule
from optviz.schedules.annealing import Annealing
from optviz.schedules.base import hair
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


MOST_WRITTEN = 64  # moments that are written out one by one; more make a formula


def text(value: Any) -> str:
    """A number without the last digits, where only rounding has put them there."""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(text, value))}]"
    value = float(value)
    short = float(f"{value:.13g}")
    if abs(short - value) > 1e-15 * abs(value):
        short = value
    return str(int(short)) if abs(short) < 1e15 and short == int(short) else repr(short)


def real(value: float) -> str:
    """`text` with a point: a power of whole numbers overflows, and NumPy has none below 0."""
    short = text(value)
    return f"{short}.0" if short.lstrip("-").isdigit() else short


class Stretch(NamedTuple):
    """The part of a run that a schedule has: `length` steps from `begin`, whole or not."""

    begin: float
    length: float

    def moment(self, share: float) -> float:
        """The step, counted from `begin`, at which something happens after this many steps.

        What is a whole step but for rounding is that step; one that is counted from a broken number
        comes a little early, for whoever subtracts that number has rounded as well.
        """
        at = self.begin + share
        slack = hair(self.begin + self.length)
        if abs(at - round(at)) > slack:
            return share
        exact = round(at) - self.begin
        return exact if self.begin == round(self.begin) else exact - 2 * slack

    def begins(self, lengths: Iterable[float]) -> list[float]:
        """The moments at which stretches of these lengths are over, as long as this lasts."""
        return [self.moment(at) for at in lengths if at < self.length - hair(self.length)]

    def whole(self, length: float) -> int | None:
        """The whole number of steps that this is, all the times that it fits; None: it is none."""
        times, near = max(1.0, self.length / length), round(length)
        slack = hair(self.begin + self.length)
        return near if near >= 1 and abs(length - near) * times <= slack else None


def between(final: float, shape: str) -> str:
    """`shape`, which falls from 1 to 0, made to end at `final` instead."""
    return shape if final == 0 else f"{text(final)} + {text(1 - final)} * {shape}"


def by_class(first: Callable[..., Any]) -> Any:
    """A function of a schedule with one form for each class, and `first` for all others.

    Like `singledispatch`, but a class that derives from a known one is not known: what it computes
    is its own.
    """
    known = singledispatch(first)

    @wraps(first)
    def chosen(schedule: Schedule, *rest: Any) -> Any:
        return known.registry.get(type(schedule), first)(schedule, *rest)

    chosen.register = known.register  # pyright: ignore[reportAttributeAccessIssue]
    return chosen


@by_class
def formula(schedule: Schedule, on: Stretch) -> list[str] | None:
    """The lines of a function's body; None: the schedule is not known here."""
    return None


def table(schedule: Schedule, num_steps: int) -> list[str]:
    """A function's body for any schedule: all its values."""
    values = factors_of(schedule, num_steps, 1.0, "float64")
    return [f"return np.array({text(values.tolist())})[step]"]


@formula.register(Constant)
@formula.register(ReduceOnPlateau)
def _(schedule: Schedule, on: Stretch) -> list[str]:
    return ["return 1.0"]


@formula.register
def _(schedule: Step, on: Stretch) -> list[str]:
    interval = schedule.interval * on.length
    if on.whole(interval) and on.begin == round(on.begin):
        return [f"return {real(schedule.factor)} ** np.floor(step / {on.whole(interval)})"]
    if staircase := _staircase(schedule, on):
        return staircase
    early = f"{hair(on.begin + on.length):.1g}"
    return [f"return {real(schedule.factor)} ** np.floor((step + {early}) / {text(interval)})"]


@formula.register
def _(schedule: MultiStep, on: Stretch) -> list[str] | None:
    return _staircase(schedule, on)


def _staircase(schedule: Step | MultiStep, on: Stretch) -> list[str] | None:
    drops = drops_of(schedule, on)
    if drops is None:
        return None
    return [f"return {real(schedule.factor)} ** np.sum(np.array({text(drops)}) <= step)"]


def drops_of(schedule: Step | MultiStep, on: Stretch) -> list[float] | None:
    """When the value drops, counted from the beginning of the schedule; None: too often."""
    if isinstance(schedule, MultiStep):
        return [on.moment(share * on.length) for share in schedule.milestones]
    if 1 / schedule.interval > MOST_WRITTEN:
        return None
    interval = schedule.interval * on.length
    return on.begins(k * interval for k in range(1, math.ceil(on.length / interval) + 1))


@formula.register
def _(schedule: Exponential, on: Stretch) -> list[str]:
    return [f"return np.exp(-{text(schedule.k)} * step)"]


@formula.register
def _(schedule: InverseTime, on: Stretch) -> list[str]:
    return [f"return 1 / (1 + {text(schedule.k)} * step)"]


@formula.register
def _(schedule: Annealing, on: Stretch) -> list[str]:
    return [f"return 1 / ({text(schedule.epsilon)} + step)"]


@formula.register
def _(schedule: Polynomial, on: Stretch) -> list[str]:
    left = f"np.clip(1 - step / {text(on.length)}, 0, 1) ** {text(schedule.power)}"
    return [f"return {between(schedule.final, left)}"]


@formula.register
def _(schedule: Linear, on: Stretch) -> list[str]:
    end = max(schedule.share * on.length, 1e-9)
    return [_lines([0, end], [schedule.start, schedule.end])]


@formula.register
def _(schedule: Warmup, on: Stretch) -> list[str]:
    if schedule.share == 0:
        return ["return 1.0"]
    return [_lines([0, schedule.share * on.length], [schedule.start, 1])]


@formula.register
def _(schedule: Piecewise, on: Stretch) -> list[str]:
    times, factors = zip(*schedule.points, strict=True)
    return [_lines([share * on.length for share in times], factors)]


def _lines(times: Any, factors: Any) -> str:
    return f"return np.interp(step, np.array({text(times)}), np.array({text(factors)}))"


@formula.register
def _(schedule: Cosine, on: Stretch) -> list[str]:
    return [f"return {between(schedule.final, f'half_cosine(step / {text(on.length)})')}"]


@formula.register
def _(schedule: WarmRestarts, on: Stretch) -> list[str]:
    first, growth = max(schedule.first_cycle * on.length, 1e-9), schedule.growth
    if cycles := restarts(schedule, on):
        lengths, begins = cycles
        return [
            f"begins, lengths = np.array({text(begins)}), np.array({text(lengths)})",
            "i = np.sum(begins <= step) - 1",
            f"return {between(schedule.final, 'half_cosine((step - begins[i]) / lengths[i])')}",
        ]
    early = f"{hair(on.begin + on.length):.1g}"
    if growth == 1:
        return [
            f"begin = np.floor((step + {early}) / {text(first)}) * {text(first)}",
            f"return {between(schedule.final, f'half_cosine((step - begin) / {text(first)})')}",
        ]
    rate, log = text(growth - 1), repr(math.log1p(growth - 1))
    progress = f"half_cosine((step - begin(i)) / ({text(first)} * np.exp(i * {log})))"
    return [
        "def begin(i):",
        f"    return {text(first)} * np.expm1(i * {log}) / {rate}",
        "",
        f"i = np.floor(np.log1p(step / {text(first)} * {rate}) / {log})",
        f"i = np.where(begin(i) > step + {early}, i - 1, i)",
        f"i = np.where(begin(i + 1) <= step + {early}, i + 1, i)",
        f"return {between(schedule.final, progress)}",
    ]


def restarts(schedule: WarmRestarts, on: Stretch) -> tuple[list[float], list[float]] | None:
    """How long each cosine of the run is, and when it begins; None: there are too many."""
    lengths, begins, at = [], [], 0.0
    length = schedule.first_cycle * on.length
    while at < on.length - hair(on.length):
        if len(begins) == MOST_WRITTEN:
            return None
        lengths.append(length)
        begins.append(on.moment(at) if begins else 0.0)
        at, length = at + length, length * schedule.growth
    return lengths, begins


@formula.register
def _(schedule: OneCycle, on: Stretch) -> list[str]:
    top, end, early = schedule.peak_at * on.length - 1, on.length - 1, hair(on.length)
    rises, falls = top > early, end - top > early
    if not rises and not falls:
        return ["return 1.0"]
    if schedule.shape == "linear" and rises and falls:
        return [_lines([0, top, end], [schedule.start, 1, schedule.final])]
    shape = "half_cosine({})" if schedule.shape == "cosine" else "np.clip(1 - {}, 0, 1)"
    rise = f"1 - {text(1 - schedule.start)} * {shape.format(f'step / {text(top)}')}"
    fallen = shape.format(f"(step - {text(top)}) / {text(end - top)}")
    fall = between(schedule.final, fallen)
    if not rises or not falls:
        return [f"return {rise if rises else fall}"]
    return [
        f"rise = {rise}",
        f"fall = {fall}",
        f"return np.where(step < {text(top)}, rise, fall)",
    ]


@formula.register
def _(schedule: Triangular, on: Stretch) -> list[str]:
    rise, cycle = schedule.rise, text(max(schedule.cycle * on.length, 1e-9))
    lines = [
        f"turns = step / {cycle}",
        "place = turns - np.floor(turns)",
        f"height = np.minimum(place / {text(rise)}, (1 - place) / {text(1 - rise)})",
    ]
    if schedule.shrink != 1:
        lines.append(f"height = height * {real(schedule.shrink)} ** np.floor(turns)")
    return [*lines, f"return {between(schedule.low, 'height')}"]


@formula.register
def _(schedule: WarmupStableDecay, on: Stretch) -> list[str]:
    rise, fall = schedule.warmup * on.length, schedule.decay * on.length
    begin = text(on.moment(on.length - fall))
    share = f"np.clip((step - {begin}) / {text(fall)}, 0, 1)"
    shapes = {
        "linear": f"(1 - {share})",
        "cosine": f"half_cosine((step - {begin}) / {text(fall)})",
        "sqrt": f"(1 - np.sqrt({share}))",
    }
    fallen = between(schedule.final, shapes[schedule.shape])
    if rise == 0:
        return [f"return {fallen}"]
    return [f"fall = {fallen}", f"return np.clip(step / {text(rise)}, 0, 1) * fall"]


@formula.register
def _(schedule: Noam, on: Stretch) -> list[str]:
    return [
        f"share = (step + 1) / {text(max(schedule.warmup * on.length, 1))}",
        "return np.minimum(share, share**-0.5)",
    ]
