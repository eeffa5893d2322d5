"""Schedules that optax and PyTorch have themselves, as the calls that make them."""

from __future__ import annotations

import math
from collections import Counter
from typing import cast

from optviz.export.schedule_formulas import (
    Stretch,
    by_class,
    drops_of,
    real,
    restarts,
    text,
)
from optviz.schedules import Schedule
from optviz.schedules.base import hair
from optviz.schedules.constant import Constant
from optviz.schedules.cosine import Cosine
from optviz.schedules.exponential import Exponential
from optviz.schedules.linear import Linear
from optviz.schedules.multi_step import MultiStep
from optviz.schedules.one_cycle import OneCycle
from optviz.schedules.polynomial import Polynomial
from optviz.schedules.product import Product
from optviz.schedules.step import Step
from optviz.schedules.triangular import Triangular
from optviz.schedules.warm_restarts import WarmRestarts
from optviz.schedules.warmup import Warmup


@by_class
def optax_call(schedule: Schedule, value: float, num_steps: int) -> str | None:
    """The call of optax that makes this schedule."""
    return None


@optax_call.register
def _(schedule: Constant, value: float, num_steps: int) -> str:
    return f"optax.constant_schedule({text(value)})"


@optax_call.register
def _(schedule: Step, value: float, num_steps: int) -> str | None:
    interval = Stretch(0.0, num_steps).whole(schedule.interval * num_steps)
    if interval and schedule.factor > 0:  # at a factor of 0 optax takes it for constant
        return (
            f"optax.exponential_decay({text(value)}, {interval}, {text(schedule.factor)}, "
            "staircase=True)"
        )
    return _drops(schedule, value, num_steps)


@optax_call.register
def _(schedule: MultiStep, value: float, num_steps: int) -> str | None:
    return _drops(schedule, value, num_steps)


def _drops(schedule: Step | MultiStep, value: float, num_steps: int) -> str | None:
    """Steps at which the value is scaled; those of one step have one entry, for all of them."""
    steps = drop_steps(schedule, num_steps)
    if steps is None:
        return None
    scales = (f"{step}: {text(schedule.factor**n)}" for step, n in sorted(Counter(steps).items()))
    return f"optax.piecewise_constant_schedule({text(value)}, {{{', '.join(scales)}}})"


def drop_steps(schedule: Step | MultiStep, num_steps: int) -> list[int] | None:
    """The step of each drop; None: there are too many to be written."""
    drops = drops_of(schedule, Stretch(0.0, num_steps))
    return None if drops is None else [math.ceil(drop) for drop in drops]


@optax_call.register
def _(schedule: Exponential, value: float, num_steps: int) -> str | None:
    rate = math.exp(-schedule.k)  # optax takes one of 0 for constant
    return f"optax.exponential_decay({text(value)}, 1, {rate!r})" if rate else None


@optax_call.register
def _(schedule: Polynomial, value: float, num_steps: int) -> str:
    ends = f"{text(value)}, {text(value * schedule.final)}"
    return f"optax.polynomial_schedule({ends}, {text(schedule.power)}, {num_steps})"


@optax_call.register
def _(schedule: Linear, value: float, num_steps: int) -> str:
    ends = f"{text(value * schedule.start)}, {text(value * schedule.end)}"
    return f"optax.linear_schedule({ends}, {text(max(schedule.share * num_steps, 1e-9))})"


@optax_call.register
def _(schedule: Cosine, value: float, num_steps: int) -> str:
    alpha = f", alpha={text(schedule.final)}" if schedule.final else ""
    return f"optax.cosine_decay_schedule({text(value)}, {num_steps}{alpha})"


@optax_call.register
def _(schedule: WarmRestarts, value: float, num_steps: int) -> str | None:
    cycles = restarts(schedule, Stretch(0.0, num_steps))
    if cycles is None:
        return None
    lengths, begins = cycles
    made = f"optax.cosine_decay_schedule({text(value)}, n, alpha={text(schedule.final)})"
    return (
        f"optax.join_schedules(\n    [{made} for n in {text(lengths)}],\n    {text(begins[1:])},\n)"
    )


@optax_call.register
def _(schedule: Product, value: float, num_steps: int) -> str | None:
    """Only a warm-up and a cosine have one call."""
    if tuple(map(type, schedule.parts)) != (Warmup, Cosine):
        return None
    first, second = cast("tuple[Warmup, Cosine]", schedule.parts)
    rise = Stretch(0.0, num_steps).whole(first.share * num_steps) if first.share else None
    if not rise or rise >= num_steps:
        return None
    peak, start, end = text(value), text(value * first.start), text(value * second.final)
    return f"optax.warmup_cosine_decay_schedule({start}, {peak}, {rise}, {num_steps}, {end})"


@by_class
def torch_call(schedule: Schedule, value: float, num_steps: int) -> str | None:
    """The scheduler of PyTorch that does this, where it has one that does exactly this."""
    return None


@torch_call.register
def _(schedule: Constant, value: float, num_steps: int) -> str:
    return "ConstantLR(optimizer, factor=1.0)"


@torch_call.register
def _(schedule: Step, value: float, num_steps: int) -> str | None:
    if interval := Stretch(0.0, num_steps).whole(schedule.interval * num_steps):
        return f"StepLR(optimizer, {interval}, {real(schedule.factor)})"
    steps = drop_steps(schedule, num_steps)
    return None if steps is None else f"MultiStepLR(optimizer, {steps}, {real(schedule.factor)})"


@torch_call.register
def _(schedule: MultiStep, value: float, num_steps: int) -> str:
    steps = drop_steps(schedule, num_steps)
    return f"MultiStepLR(optimizer, {steps}, {real(schedule.factor)})"


@torch_call.register
def _(schedule: Exponential, value: float, num_steps: int) -> str:
    return f"ExponentialLR(optimizer, {math.exp(-schedule.k)!r})"


@torch_call.register
def _(schedule: Polynomial, value: float, num_steps: int) -> str | None:
    if schedule.final:
        return None
    return f"PolynomialLR(optimizer, {num_steps}, power={text(schedule.power)})"


@torch_call.register
def _(schedule: Linear, value: float, num_steps: int) -> str | None:
    steps = Stretch(0.0, num_steps).whole(schedule.share * num_steps)
    inside = 0 < schedule.start <= 1 and 0 <= schedule.end <= 1
    ends = f"start_factor={text(schedule.start)}, end_factor={text(schedule.end)}"
    return f"LinearLR(optimizer, {ends}, total_iters={steps})" if steps and inside else None


@torch_call.register
def _(schedule: Cosine, value: float, num_steps: int) -> str:
    final = f", eta_min={text(value * schedule.final)}" if schedule.final else ""
    return f"CosineAnnealingLR(optimizer, {num_steps}{final})"


@torch_call.register
def _(schedule: WarmRestarts, value: float, num_steps: int) -> str | None:
    first = Stretch(0.0, num_steps).whole(schedule.first_cycle * num_steps)
    final = f", eta_min={text(value * schedule.final)}" if schedule.final else ""
    if not first or schedule.growth != int(schedule.growth):
        return None
    growth = int(schedule.growth)
    return f"CosineAnnealingWarmRestarts(optimizer, {first}, T_mult={growth}{final})"


@torch_call.register
def _(schedule: OneCycle, value: float, num_steps: int) -> str | None:
    top, early = schedule.peak_at * num_steps - 1, hair(num_steps)
    if (
        not schedule.start
        or not schedule.final
        or abs(top) <= early
        or num_steps - 1 - top <= early
    ):
        return None  # PyTorch divides by them: by both ends, and by how long it rises and falls
    kind = "cos" if schedule.shape == "cosine" else "linear"
    return (
        f"OneCycleLR(\n    optimizer, {text(value)}, {num_steps}, "
        f'pct_start={text(schedule.peak_at)}, anneal_strategy="{kind}",\n    cycle_momentum=False, '
        f"div_factor={text(1 / schedule.start)}, "
        f"final_div_factor={text(schedule.start / schedule.final)},\n)"
    )


@torch_call.register
def _(schedule: Triangular, value: float, num_steps: int) -> str | None:
    length, run = schedule.cycle * num_steps, Stretch(0.0, num_steps)
    up, down = run.whole(length * schedule.rise), run.whole(length * (1 - schedule.rise))
    mode = {1.0: "triangular", 0.5: "triangular2"}.get(float(schedule.shrink))
    if not up or not down or not mode:
        return None
    return (
        f"CyclicLR(\n    optimizer, {text(value * schedule.low)}, {text(value)}, {up}, {down}, "
        f'mode="{mode}", cycle_momentum=False\n)'
    )
