"""`optviz bench race`: a warm race against a torch loop and against optax under `lax.scan`.

The arms alternate within one run, so that a busy machine slows them alike; ratios are formed within
each round, and the median round counts.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from optviz.benchmarks.peer import NONE, torch_peer
from optviz.benchmarks.report import bar, seconds, spread

SURFACE = "rosenbrock"
RULES = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adadelta", "adam", "adamw")
NUM_STEPS = 500
CALLS = 20  # of the fast arms in each round, alternating; one call is too short to time alone

FIRST_RACE = """
import sys, time
import optviz
from optviz.engine import compile_cache
start = time.perf_counter()
compile_cache.enable()
optviz.race({surface!r}, {rules!r}, num_steps={num_steps})
print(time.perf_counter() - start)
"""


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
    import optviz

    race = optviz.race(SURFACE, RULES, num_steps=NUM_STEPS)
    rates = {rule: float(r) for rule, r in zip(RULES, race.learning_rates[:, 0], strict=True)}
    start = race.start.tolist()
    ends = race.params[:, -1]

    def ours() -> Any:
        return optviz.race(SURFACE, RULES, num_steps=NUM_STEPS)

    optax_arm = _optax_arm(rates, race.start)
    notes = [f"paths agree with optax within {_apart(ends, optax_arm()[0][:, -1]):.1g}"]
    times: dict[str, list[float]] = {"optviz": [], "optax": [], "torch": []}
    engine_times = []
    request = {"rates": rates, "start": start, "num_steps": NUM_STEPS}  # one run of all rules
    with torch_peer(torch_python, "torch_loop.py") as ask:
        if ask is None:
            notes.append(NONE)
        else:
            answer = ask(request)
            apart = _apart(ends, np.asarray(answer["ends"]))
            notes.append(f"paths agree with torch {answer['torch']} within {apart:.1g}")
        engine = _engine_arm(race)
        for _ in range(rounds):
            fast = [(seconds(ours), seconds(optax_arm), seconds(engine)) for _ in range(CALLS)]
            mine, peer, core = np.median(np.asarray(fast), axis=0)
            times["optviz"].append(1e3 * mine)
            times["optax"].append(1e3 * peer)
            engine_times.append(1e3 * core)
            if ask is not None:
                times["torch"].append(1e3 * ask(request)["seconds"])
    first = first_races()

    mine = np.asarray(times["optviz"])
    measured: dict[str, Any] = {
        "optviz.race, everything included": spread(times["optviz"]),
        "of which the engine (descend)": spread(engine_times),
        "optax under lax.scan, one program": spread(times["optax"]),
    }
    over_optax = float(np.median(np.asarray(times["optax"]) / mine))
    bars = [
        bar("speed over optax + lax.scan", over_optax, 0.8, "x", at_least=True),
    ]
    if times["torch"]:
        measured["torch.optim loop"] = spread(times["torch"])
        over_torch = float(np.median(np.asarray(times["torch"]) / mine))
        bars.insert(0, bar("speed over a torch.optim loop", over_torch, 1000, "x", at_least=True))
    measured["first race in a new process, warm cache"] = {**spread(first), "unit": "s"}
    bars.append(
        bar("first race in a new process", float(np.median(first)), 1.5, "s", at_least=False)
    )
    return {
        "command": "optviz bench race",
        "task": f"{len(RULES)} rules x {NUM_STEPS} steps on {SURFACE}, float64, paths to NumPy",
        "rates": rates,
        "rounds": rounds,
        "calls_per_round": CALLS,
        "measured": measured,
        "bars": bars,
        "notes": notes,
    }


def _apart(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).max())


def _engine_arm(race: Any) -> Callable[[], Any]:
    from optviz.engine.descend import Job, descend

    jobs = [Job(run.optimizer, {}) for run in race.spec.resolved()]
    return lambda: descend(jobs, race.surface, race.start, num_steps=NUM_STEPS)


def _optax_arm(rates: Mapping[str, float], start: np.ndarray) -> Callable[[], Any]:
    """All rules in one jitted program, rates compiled in: the fastest form optax has."""
    import jax
    import jax.numpy as jnp
    import optax

    build: dict[str, Callable[[float], Any]] = {
        "sgd": optax.sgd,
        "momentum": lambda rate: optax.sgd(rate, momentum=0.9),
        "nesterov": lambda rate: optax.sgd(rate, momentum=0.9, nesterov=True),
        "adagrad": lambda rate: optax.adagrad(rate, initial_accumulator_value=0.0, eps=1e-20),
        "rmsprop": lambda rate: optax.rmsprop(rate, decay=0.99, eps=1e-8, eps_in_sqrt=False),
        "adadelta": lambda rate: optax.adadelta(rate, rho=0.9, eps=1e-6),
        "adam": lambda rate: optax.adam(rate),
        "adamw": lambda rate: optax.adamw(rate, weight_decay=1e-2),
    }

    def loss_fn(point: Any) -> Any:
        x, y = point
        return (1 - x) ** 2 + 100 * (y - x**2) ** 2

    def descend(rule: Any, point: Any) -> Any:
        def step(carry: Any, _: Any) -> Any:
            point, state = carry
            loss, grads = jax.value_and_grad(loss_fn)(point)
            updates, state = rule.update(grads, state, point)
            return (optax.apply_updates(point, updates), state), (point, loss)

        carry = (point, rule.init(point))
        _, (path, losses) = jax.lax.scan(step, carry, None, length=NUM_STEPS + 1)
        return path, losses

    rules = [build[name](rate) for name, rate in rates.items()]

    @jax.jit
    def program(point: Any) -> Any:
        paths, losses = zip(*(descend(rule, point) for rule in rules), strict=True)
        return jnp.stack(paths), jnp.stack(losses)

    def run() -> Any:
        with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
            paths, losses = program(start)
            return np.asarray(paths), np.asarray(losses)

    run()
    return run


def first_races(repeats: int = 5) -> list[float]:
    """Seconds of the first race after the import, in new processes with a filled cache."""
    code = FIRST_RACE.format(surface=SURFACE, rules=RULES, num_steps=NUM_STEPS)
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
