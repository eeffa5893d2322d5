"""Schedules that optax and PyTorch have themselves, as the calls that make them."""

from __future__ import annotations

import math
from functools import singledispatch

from optviz.export.schedule_formulas import restarts, text
from optviz.schedules import Schedule
from optviz.schedules.constant import Constant
from optviz.schedules.cosine import Cosine
from optviz.schedules.exponential import Exponential
from optviz.schedules.linear import Linear
from optviz.schedules.multi_step import MultiStep
from optviz.schedules.one_cycle import OneCycle
from optviz.schedules.polynomial import Polynomial
from optviz.schedules.product import Product
from optviz.schedules.reduce_on_plateau import ReduceOnPlateau
from optviz.schedules.step import Step
from optviz.schedules.triangular import Triangular
from optviz.schedules.warm_restarts import WarmRestarts
from optviz.schedules.warmup import Warmup


@singledispatch
def optax_call(schedule: Schedule, value: float, num_steps: int) -> str | None:
    """The call of optax that makes this schedule."""
    return None


@optax_call.register
def _(schedule: Constant, value: float, num_steps: int) -> str:
    return f"optax.constant_schedule({text(value)})"


@optax_call.register
def _(schedule: Step, value: float, num_steps: int) -> str:
    interval, factor = text(schedule.interval * num_steps), text(schedule.factor)
    return f"optax.exponential_decay({text(value)}, {interval}, {factor}, staircase=True)"


@optax_call.register
def _(schedule: MultiStep, value: float, num_steps: int) -> str:
    factor = text(schedule.factor)
    drops = (
        f"{math.ceil(share * num_steps * (1 - 1e-9))}: {factor}" for share in schedule.milestones
    )
    return f"optax.piecewise_constant_schedule({text(value)}, {{{', '.join(drops)}}})"


@optax_call.register
def _(schedule: Exponential, value: float, num_steps: int) -> str:
    return f"optax.exponential_decay({text(value)}, 1, {math.exp(-schedule.k)!r})"


@optax_call.register
def _(schedule: Polynomial, value: float, num_steps: int) -> str:
    ends = f"{text(value)}, {text(value * schedule.final)}"
    return f"optax.polynomial_schedule({ends}, {text(schedule.power)}, {num_steps})"


@optax_call.register
def _(schedule: Linear, value: float, num_steps: int) -> str:
    ends = f"{text(value * schedule.start)}, {text(value * schedule.end)}"
    return f"optax.linear_schedule({ends}, {text(schedule.share * num_steps)})"


@optax_call.register
def _(schedule: Cosine, value: float, num_steps: int) -> str:
    alpha = f", alpha={text(schedule.final)}" if schedule.final else ""
    return f"optax.cosine_decay_schedule({text(value)}, {num_steps}{alpha})"


@optax_call.register
def _(schedule: WarmRestarts, value: float, num_steps: int) -> str:
    lengths, begins = restarts(schedule, num_steps)
    made = f"optax.cosine_decay_schedule({text(value)}, n, alpha={text(schedule.final)})"
    return (
        f"optax.join_schedules(\n    [{made} for n in {text(lengths)}],\n    {text(begins[1:])},\n)"
    )


@optax_call.register
def _(schedule: Product, value: float, num_steps: int) -> str | None:
    """Only a warm-up and a cosine have one call."""
    match schedule.schedules:
        case (Warmup() as first, Cosine() as second):
            rise = first.share * num_steps
            if not math.isclose(rise, round(rise)) or rise < 1:
                return None
            peak, start = text(value), text(value * first.start)
            end = text(value * second.final)
            return (
                f"optax.warmup_cosine_decay_schedule({start}, {peak}, {round(rise)}, "
                f"{num_steps}, {end})"
            )
    return None


@singledispatch
def torch_call(schedule: Schedule, value: float, num_steps: int) -> str | None:
    """The scheduler of PyTorch that does this, where it has one that does exactly this."""
    return None


@torch_call.register
def _(schedule: Constant, value: float, num_steps: int) -> str:
    return "ConstantLR(optimizer, factor=1.0)"


@torch_call.register
def _(schedule: Step, value: float, num_steps: int) -> str | None:
    interval = _whole(schedule.interval * num_steps)
    return f"StepLR(optimizer, {interval}, {text(schedule.factor)})" if interval else None


@torch_call.register
def _(schedule: MultiStep, value: float, num_steps: int) -> str:
    steps = [math.ceil(share * num_steps * (1 - 1e-9)) for share in schedule.milestones]
    return f"MultiStepLR(optimizer, {steps}, {text(schedule.factor)})"


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
    steps = _whole(schedule.share * num_steps)
    inside = 0 < schedule.start <= 1 and 0 <= schedule.end <= 1
    ends = f"start_factor={text(schedule.start)}, end_factor={text(schedule.end)}"
    return f"LinearLR(optimizer, {ends}, total_iters={steps})" if steps and inside else None


@torch_call.register
def _(schedule: Cosine, value: float, num_steps: int) -> str:
    final = f", eta_min={text(value * schedule.final)}" if schedule.final else ""
    return f"CosineAnnealingLR(optimizer, {num_steps}{final})"


@torch_call.register
def _(schedule: WarmRestarts, value: float, num_steps: int) -> str | None:
    first, growth = _whole(schedule.first_cycle * num_steps), _whole(schedule.growth)
    final = f", eta_min={text(value * schedule.final)}" if schedule.final else ""
    if not first or not growth:
        return None
    return f"CosineAnnealingWarmRestarts(optimizer, {first}, T_mult={growth}{final})"


@torch_call.register
def _(schedule: ReduceOnPlateau, value: float, num_steps: int) -> str:
    return f"ReduceLROnPlateau(\n    optimizer, {plateau_arguments(schedule, value)}\n)"


@torch_call.register
def _(schedule: OneCycle, value: float, num_steps: int) -> str | None:
    if not schedule.start or not schedule.final:
        return None  # PyTorch divides by them
    kind = "cos" if schedule.shape == "cosine" else "linear"
    return (
        f"OneCycleLR(\n    optimizer, {text(value)}, {num_steps}, "
        f'pct_start={text(schedule.peak_at)}, anneal_strategy="{kind}",\n    cycle_momentum=False, '
        f"div_factor={text(1 / schedule.start)}, "
        f"final_div_factor={text(schedule.start / schedule.final)},\n)"
    )


@torch_call.register
def _(schedule: Triangular, value: float, num_steps: int) -> str | None:
    length = schedule.cycle * num_steps
    up, down = _whole(length * schedule.rise), _whole(length * (1 - schedule.rise))
    mode = {1.0: "triangular", 0.5: "triangular2"}.get(float(schedule.shrink))
    if not up or not down or not mode:
        return None
    return (
        f"CyclicLR(\n    optimizer, {text(value * schedule.low)}, {text(value)}, {up}, {down}, "
        f'mode="{mode}", cycle_momentum=False\n)'
    )


def plateau_arguments(schedule: ReduceOnPlateau, value: float) -> str:
    mode = "rel" if schedule.mode == "relative" else "abs"
    return (
        f"factor={text(schedule.factor)}, patience={text(schedule.patience)}, "
        f'threshold={text(schedule.threshold)}, threshold_mode="{mode}", '
        f"cooldown={text(schedule.cooldown)}, min_lr={text(value * schedule.floor)}, eps=0.0"
    )


def _whole(value: float) -> int | None:
    """The whole number that this is, or None."""
    return round(value) if round(value) >= 1 and math.isclose(value, round(value)) else None
