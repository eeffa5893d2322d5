"""What a request takes, estimated before it is begun, and what it may take.

Estimates are of the order of magnitude: seconds on one core of a laptop, bytes at the moment at
which most are held. They are there to refuse what nobody would wait for, in one line that says what
would fit, before any of it is done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from optviz.catalog import shown
from optviz.optimizers.base import in_bytes

# Buffers of races are this long, whatever the number of steps: a race of another length compiles
# nothing until it outgrows its buffer.
CAPACITIES = (2_048, 16_384, 131_072)

STATE_BYTES = 5 * 8  # x, y, loss, length of the gradient, evaluations
# Seconds. A search's runs are compiled already; a sweep's are vectorised, two blocks at once.
RACE_STEP, SEARCH_STEP, SWEEP_STEP = 1e-6, 2e-7, 5e-8
SEARCHED_RATES = 51  # a grid of 36, the class's default, and 14 around the best
SEARCHED_STATES = 64 * CAPACITIES[0]  # starts x steps of one run
SEARCH_BYTES = 3 * (1 << 25)  # of records at a time, and their copies
IMAGE_PARAM, IMAGE_ACTIVATION = 3e-10, 4e-9  # seconds of a step for each of them and each image
STEP_SECONDS, STEP_BYTES = 1e-4, 100  # of any step: its call, and what is told of it
CHECK_LINE, CHECK_PARAM = 0.5, 6e-7  # seconds of a line: some hundred losses of four images
SWEEP_POINT_BYTES = 200  # knobs and ends of a point, in the engine's formats and in the result's


class Cost(NamedTuple):
    """What a request is estimated to take."""

    bytes: float
    seconds: float

    def __str__(self) -> str:
        return f"{in_bytes(round(self.bytes))} and {in_time(self.seconds)}"


class Budget(NamedTuple):
    """What a request may take. Python users may give more; pages and links never do.

    Attributes:
        gigabytes: 10⁹ bytes of memory at once.
        seconds: of work on one core.
    """

    gigabytes: float
    seconds: float

    def __str__(self) -> str:
        return str(Cost(1e9 * self.gigabytes, self.seconds))

    def holds(self, cost: Cost) -> bool:
        return cost.bytes <= 1e9 * self.gigabytes and cost.seconds <= self.seconds


RACE = Budget(2, 120)
SWEEP = Budget(2, 600)
CHECK = Budget(2, 600)
TRAINING = Budget(16, 30 * 86_400)  # in a process of its own, which can be stopped and resumed


def capacity_for(num_states: int) -> int:
    """Length of the buffer that so many states are recorded in."""
    return next((c for c in CAPACITIES if c >= num_states), num_states)


def padded_starts(num_starts: int) -> int:
    """How many starts are run for so many: a power of two, so that few numbers are compiled."""
    return 1 << (num_starts - 1).bit_length()


def race_cost(num_runs: int, num_starts: int, num_steps: int, num_fair: int = 0) -> Cost:
    """What a race takes: every state of every run is recorded, and told apart afterwards.

    Args:
        num_runs: rules.
        num_starts: of each.
        num_steps: of each.
        num_fair: rules whose learning rate is searched first.
    """
    run_starts = padded_starts(num_starts)
    buffers = num_runs * run_starts * capacity_for(num_steps + 1) * STATE_BYTES
    states = num_runs * num_starts * (num_steps + 1)
    seconds = num_runs * run_starts * num_steps * RACE_STEP
    search = rate_search_cost(min(num_fair, num_runs), num_starts, num_steps)
    # Beside the buffers: their part that is read, and a copy of it with the learning rates.
    held = buffers + states * (2 * STATE_BYTES + 8)
    return Cost(max(held, search.bytes), seconds + search.seconds)


def rate_search_cost(num_runs: int, num_starts: int, num_steps: int) -> Cost:
    """What a search of each run's fair learning rate takes: one rule after the other.

    Of very many starts it looks at some, so that starts times steps stay below `SEARCHED_STATES`.
    """
    if not num_runs:
        return Cost(0, 0)
    starts = min(num_starts, max(1, SEARCHED_STATES // (num_steps + 1)))
    states = SEARCHED_RATES * starts * (num_steps + 1)
    return Cost(states * (STATE_BYTES + 8) + SEARCH_BYTES, num_runs * states * SEARCH_STEP)


def sweep_cost(num_points: int, num_steps: int, passes: int = 1) -> Cost:
    """What a sweep takes, which keeps the ends of its runs only.

    Args:
        num_points: points of the grid times starts.
        num_steps: of every run.
        passes: 2 where the minimum is not known, and the best of a first pass takes its place.
    """
    return Cost(num_points * SWEEP_POINT_BYTES, num_points * num_steps * passes * SWEEP_STEP)


def training_cost(
    num_runs: int,
    epochs: int,
    batch_size: int,
    *,
    images: int,
    num_params: int,
    num_activations: int,
) -> Cost:
    """What a training takes at least: runs wait for each other where memory is short.

    Args:
        num_runs: rules x variations x seeds.
        epochs: of each.
        batch_size: images in a step.
        images: of an epoch.
        num_params: of the network.
        num_activations: numbers that its layers put out for one image.
    """
    batch = min(batch_size, images)
    # Of one run: weights, gradients and two copies of state, and what is kept for the way back.
    held = 4 * (4 * num_params + batch * num_activations)
    steps = num_runs * epochs * -(-images // batch)
    seconds = IMAGE_PARAM * num_params + IMAGE_ACTIVATION * num_activations
    return Cost(
        held + steps * STEP_BYTES, num_runs * epochs * images * seconds + steps * STEP_SECONDS
    )


def gradient_check_cost(num_params: int, num_lines: int) -> Cost:
    """What a check of a network's gradient takes: its loss at many places of many lines, twice.

    Args:
        num_params: of the network.
        num_lines: through its weights.
    """
    # In float64: the weights, their gradient, a line, a place on it, and what is added up.
    return Cost(num_params * 6 * 8, num_lines * (CHECK_LINE + num_params * CHECK_PARAM))


def check_affordable(
    what: str,
    budget: Budget,
    cost: Callable[..., Cost],
    sizes: Mapping[str, int],
) -> None:
    """Raise `ValueError` where a request takes more than it may: how much, and what would fit.

    Args:
        what: is asked for: "a race".
        budget: what it may take.
        cost: of the sizes, in their order.
        sizes: what it grows with, in words: `{"optimizers": 64, "starts": 1024, …}`.
    """
    if not isinstance(budget, Budget):
        raise ValueError(f"budget must be a Budget(gigabytes, seconds), got {shown(budget)}")
    asked = list(sizes.values())
    needed = cost(*asked)
    if budget.holds(needed):
        return
    fits = []
    for place, (name, size) in enumerate(sizes.items()):

        def holds(count: int, place: int = place) -> bool:
            return budget.holds(cost(*asked[:place], count, *asked[place + 1 :]))

        if most := _largest(size, holds):
            fits.append(f"{most:,} {name if most > 1 else name.removesuffix('s')}")
    product = " x ".join(f"{size:,} {name}" for name, size in sizes.items())
    instead = f"{' or '.join(fits)} would fit" if fits else "take less of several"
    raise ValueError(
        f"{what} may need at most {budget}, and {product} need about {needed}: {instead}"
    )


def _largest(below: int, holds: Callable[[int], bool]) -> int:
    """The largest whole number below `below` that holds, where smaller ones hold too; 0: none."""
    low, high = 0, below
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def in_time(seconds: float) -> str:
    """`1.8 hours`: a time to two digits."""
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 1.5 * length:
            return f"{_two_digits(seconds / length)} {unit}"
    return f"{_two_digits(seconds)} s"


def _two_digits(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"
