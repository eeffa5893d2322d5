"""`optviz bench maps`: how many steps a second a map of two knobs takes.

Every map has numbers of its own, as those that a slider or a drag asks for.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from optviz.benchmarks.report import bar, seconds, spread

SIDE, NUM_STEPS = 256, 500
MAPS = {
    "momentum": {
        "learning_rate": np.geomspace(1e-4, 1, SIDE),
        "momentum": np.linspace(0, 0.99, SIDE),
    },
    "adam": {"learning_rate": np.geomspace(1e-4, 1, SIDE), "b1": np.linspace(0, 0.99, SIDE)},
}


def measure(*, device: str = "cpu", rounds: int = 7) -> dict[str, Any]:
    """Time maps of 256 x 256 points and 500 steps in float32, after a first one that compiles.

    Raises:
        ValueError: a GPU was asked for, which maps cannot use yet.
    """
    if device != "cpu":
        raise ValueError("maps run on the CPU so far")
    from optviz.api.sweep import sweep
    from optviz.optimizers import OPTIMIZERS
    from optviz.surfaces import SURFACES

    rosenbrock: Any = SURFACES["rosenbrock"]
    numbers = np.random.default_rng(0)
    measured: dict[str, Any] = {}
    slowest = 0.0
    for rule, grid in MAPS.items():

        def draw(rule: str = rule, grid: Any = grid) -> Any:
            share = numbers.uniform(0.9, 1)
            near = {name: share * np.asarray(values) for name, values in grid.items()}
            start = (-1.2 * share, share)
            surface = rosenbrock(b=100 * share)
            return sweep(surface, OPTIMIZERS[rule](), near, start=start, num_steps=NUM_STEPS)

        first = seconds(draw)
        times = [1e3 * seconds(draw) for _ in range(rounds)]
        measured[f"{rule}, {' x '.join(grid)}"] = spread(times)
        slowest = max(slowest, float(np.median(times)))
        measured[f"{rule}, first map of a process"] = {**spread([first]), "unit": "s"}
        rate = SIDE**2 * NUM_STEPS / np.median(times) / 1e6
        measured[f"{rule}, G steps a second"] = float(rate)
    return {
        "command": "optviz bench maps",
        "task": f"{SIDE} x {SIDE} points x {NUM_STEPS} steps on rosenbrock, float32",
        "rounds": rounds,
        "measured": measured,
        "bars": [bar("slowest map", slowest / 1e3, 1.0, "s", at_least=False)],
        "notes": [],
    }
