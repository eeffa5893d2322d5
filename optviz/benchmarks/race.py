"""`optviz bench race`: a warm race against a torch loop and against optax under `lax.scan`.

Every call of every arm gets numbers that it has not seen before (rates, knobs, shape, start), as a
slider makes them: what is kept from one call to the next helps nobody. Before the first round the
rules have raced so often that their loops are one program. The arms alternate within one run, so
that a busy machine slows them alike; ratios are formed within each round, and the median round
counts.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from optviz.benchmarks.peer import NONE, torch_peer
from optviz.benchmarks.report import bar, seconds, spread

SURFACE = "rosenbrock"
# Rates at which every rule goes down the valley and none of them is chaotic.
RATES = {
    "sgd": 1e-3,
    "momentum": 2e-4,
    "nesterov": 2e-4,
    "adagrad": 0.3,
    "rmsprop": 0.01,
    "adadelta": 1.0,
    "adam": 0.05,
    "adamw": 0.05,
}
NUM_STEPS = 500
CALLS = 20  # of the fast arms in each round, alternating; one call is too short to time alone
SEARCHES = 3  # of fair rates in each round

FIRST_RACE = """
import sys, time
import optviz
start = time.perf_counter()
optviz.enable_compile_cache()
optviz.race({surface!r}, {rules!r}, num_steps={num_steps})
print(time.perf_counter() - start)
"""


class Numbers(NamedTuple):
    """What one call is asked for."""

    rates: dict[str, float]
    momentum: float  # of momentum and Nesterov
    b1: float  # of Adam and AdamW
    b: float  # steepness of the valley's walls
    start: tuple[float, float]


def draws(seed: int = 0) -> Callable[[], Numbers]:
    """Numbers near each other, none of them twice."""
    rng = np.random.default_rng(seed)

    def draw() -> Numbers:
        def near(value: float) -> float:
            return float(value * rng.uniform(0.9, 1.0))

        rates = {rule: near(rate) for rule, rate in RATES.items()}
        x, y = -1.2 + rng.uniform(-0.1, 0.1), 1.0 + rng.uniform(-0.1, 0.1)
        return Numbers(rates, near(0.9), near(0.9), near(100.0), (float(x), float(y)))

    return draw


def measure(
    *, device: str = "cpu", rounds: int = 9, torch_python: str | None = None
) -> dict[str, Any]:
    """Time the arms.

    Args:
        device: races run on the CPU.
        rounds: how often the arms alternate.
        torch_python: an interpreter that can import torch; None: `OPTVIZ_TORCH_PYTHON`, else this
            one where it has torch, else no torch arm.

    Raises:
        ValueError: a GPU was asked for.
    """
    if device != "cpu":
        raise ValueError("races run on the CPU: a GPU only slows down loops over two numbers")
    from optviz.engine.surfaces import selection

    draw = draws()
    optax_arm = _optax_arm()
    first = draw()
    ends = _ours(first).params[:, -1]
    notes = [f"paths agree with optax within {_apart(ends, optax_arm(first)[0][:, -1]):.1g}"]
    for _ in range(selection.OFTEN):  # warm: as after the first second under a slider
        _ours(draw())
    selection.settle()
    times: dict[str, list[float]] = {
        name: [] for name in ("told", "ours", "engine", "optax", "torch")
    }
    searches = []
    _search(draw())
    with torch_peer(torch_python, "torch_loop.py") as ask:
        if ask is None:
            notes.append(NONE)
        else:
            answer = ask(_request(first))
            apart = _apart(ends, np.asarray(answer["ends"]))
            notes.append(f"paths agree with torch {answer['torch']} within {apart:.1g}")
        for _ in range(rounds):
            arms: dict[str, Callable[[Numbers], Any]] = {
                "told": _told,
                "ours": _ours,
                "engine": _engine,
                "optax": optax_arm,
            }
            fast = {name: [] for name in arms}
            for _ in range(CALLS):
                for name, arm in arms.items():
                    numbers = draw()
                    fast[name].append(seconds(lambda arm=arm, n=numbers: arm(n)))
            for name, found in fast.items():
                times[name].append(1e3 * float(np.median(found)))
            for _ in range(SEARCHES):
                numbers = draw()
                searches.append(1e3 * seconds(lambda n=numbers: _search(n)))
            if ask is not None:
                times["torch"].append(1e3 * ask(_request(draw()))["seconds"])
    given = [f"{rule}:learning_rate={rate}" for rule, rate in RATES.items()]
    first_given, first_fair = first_races(given), first_races(list(RATES))

    mine = np.asarray(times["ours"])  # what the peers give: paths and losses
    over_optax = float(np.median(np.asarray(times["optax"]) / mine))
    measured: dict[str, Any] = {
        "optviz.race, with outcomes": spread(times["told"]),
        "optviz.race, paths and losses as the peers": spread(times["ours"]),
        "of which the engine (descend)": spread(times["engine"]),
        "optax under lax.scan, one program": spread(times["optax"]),
        "fair rates of all rules searched": spread(searches),
        "first race in a new process, warm cache": {**spread(first_given), "unit": "s"},
        "the same with fair rates": {**spread(first_fair), "unit": "s"},
    }
    bars = [
        bar("speed over optax + lax.scan", over_optax, 0.5, "x", at_least=True),
        bar("race with new numbers", float(np.median(times["told"])), 1.2, "ms", at_least=False),
        bar("fair rates searched", float(np.median(searches)), 150, "ms", at_least=False),
        bar("first race in a new process", float(np.median(first_given)), 1.5, "s", at_least=False),
        bar("the same with fair rates", float(np.median(first_fair)), 2.5, "s", at_least=False),
    ]
    if times["torch"]:
        measured["torch.optim loop"] = spread(times["torch"])
        over_torch = float(np.median(np.asarray(times["torch"]) / mine))
        bars.insert(0, bar("speed over a torch.optim loop", over_torch, 1000, "x", at_least=True))
    return {
        "command": "optviz bench race",
        "task": f"{len(RATES)} rules x {NUM_STEPS} steps on {SURFACE}, float64, paths to NumPy, "
        "new numbers in every call",
        "rates": RATES,
        "rounds": rounds,
        "calls_per_round": CALLS,
        "measured": measured,
        "bars": bars,
        "notes": notes,
    }


def _apart(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).max())


def _rules(numbers: Numbers) -> list[Any]:
    """The rules of one call, as someone writes them."""
    import optviz

    rules: Any = optviz.OPTIMIZERS

    knobs = {
        "momentum": {"momentum": numbers.momentum},
        "nesterov": {"momentum": numbers.momentum},
        "adam": {"b1": numbers.b1},
        "adamw": {"b1": numbers.b1},
    }
    return [
        rules[rule](learning_rate=rate, **knobs.get(rule, {}))
        for rule, rate in numbers.rates.items()
    ]


def _ours(numbers: Numbers) -> Any:
    import optviz

    surface: Any = optviz.SURFACES[SURFACE]
    return optviz.race(
        surface(b=numbers.b), _rules(numbers), start=numbers.start, num_steps=NUM_STEPS
    )


def _told(numbers: Numbers) -> Any:
    """A race with what is worked out when it is asked for."""
    race = _ours(numbers)
    return race, race.outcomes, race.steps_to_tolerance


def _engine(numbers: Numbers) -> Any:
    import optviz
    from optviz.engine.surfaces.descend import Job, descend

    surface: Any = optviz.SURFACES[SURFACE]
    jobs = [Job(rule, {}) for rule in _rules(numbers)]
    return descend(jobs, surface(b=numbers.b), np.array(numbers.start), num_steps=NUM_STEPS)


def _search(numbers: Numbers) -> Any:
    """The fair rates of every rule for a race that nobody has asked for before."""
    import optviz
    from optviz.specs import RaceSpec, Run

    surface: Any = optviz.SURFACES[SURFACE]
    runs = tuple(Run(optviz.OPTIMIZERS[rule]()) for rule in numbers.rates)
    spec = RaceSpec(surface(b=numbers.b), runs, start=numbers.start, num_steps=NUM_STEPS)
    return spec.resolved()


def _request(numbers: Numbers) -> dict[str, Any]:
    return {**numbers._asdict(), "num_steps": NUM_STEPS}


def _optax_arm() -> Callable[[Numbers], Any]:
    """All rules in one jitted program: the fastest form that optax has.

    Its numbers are arguments, so that new ones compile nothing there either.
    """
    import jax
    import jax.numpy as jnp
    import optax

    build: dict[str, Callable[[Any, Any], Any]] = {
        "sgd": lambda rate, n: optax.sgd(rate),
        "momentum": lambda rate, n: optax.sgd(rate, momentum=n.momentum),
        "nesterov": lambda rate, n: optax.sgd(rate, momentum=n.momentum, nesterov=True),
        "adagrad": lambda rate, n: optax.adagrad(rate, initial_accumulator_value=0.0, eps=1e-20),
        "rmsprop": lambda rate, n: optax.rmsprop(rate, decay=0.99, eps=1e-8, eps_in_sqrt=False),
        "adadelta": lambda rate, n: optax.adadelta(rate, rho=0.9, eps=1e-6),
        "adam": lambda rate, n: optax.adam(rate, b1=n.b1),
        "adamw": lambda rate, n: optax.adamw(rate, b1=n.b1, weight_decay=1e-2),
    }

    def descend(rule: Any, n: Any) -> Any:
        def loss_fn(point: Any) -> Any:
            x, y = point
            return (1 - x) ** 2 + n.b * (y - x**2) ** 2

        def step(carry: Any, _: Any) -> Any:
            point, state = carry
            loss, grads = jax.value_and_grad(loss_fn)(point)
            updates, state = rule.update(grads, state, point)
            return (optax.apply_updates(point, updates), state), (point, loss)

        carry = (n.start, rule.init(n.start))
        _, (path, losses) = jax.lax.scan(step, carry, None, length=NUM_STEPS + 1)
        return path, losses

    @jax.jit
    def program(n: Any) -> Any:
        # Not by the mapping's own order: within a program it is that of the names.
        rules = [build[name](n.rates[name], n) for name in RATES]
        paths, losses = zip(*(descend(rule, n) for rule in rules), strict=True)
        return jnp.stack(paths), jnp.stack(losses)

    def run(numbers: Numbers) -> Any:
        with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
            paths, losses = program(numbers._replace(start=np.array(numbers.start)))
            return np.asarray(paths), np.asarray(losses)

    return run


def first_races(rules: list[str], repeats: int = 5) -> list[float]:
    """Seconds of the first race after the import, in new processes with a filled cache."""
    code = FIRST_RACE.format(surface=SURFACE, rules=rules, num_steps=NUM_STEPS)
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "OPTVIZ_CACHE": folder}

        def once() -> float:
            command = [sys.executable, "-c", code]
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=True
            )
            return float(done.stdout)

        once()
        return [once() for _ in range(repeats)]
