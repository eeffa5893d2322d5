"""How long a training takes to get going, and that it is never compiled twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import jax

from optviz.benchmarks.network_speed import Arm, images
from optviz.benchmarks.report import bar, say, spread
from optviz.engine.training.events import Event, Steps
from optviz.engine.training.train import train
from optviz.specs.experiment import TrainSpec
from optviz.specs.run import Run

COMPILED = "/jax/core/compile/backend_compile_duration"  # JAX's event, for each program
IMAGES = 256
REPEATS = 3
CODE = """
import json
from optviz.benchmarks import network_startup
from optviz.engine.machine import compile_cache
compile_cache.enable()
print(json.dumps(network_startup.first_training({network!r})))
"""


@contextmanager
def compilations() -> Iterator[list[float]]:
    """Seconds of each compilation of a program while the scope lasts."""
    found: list[float] = []

    def note(event: str, duration_secs: float, **_: Any) -> None:
        if event == COMPILED:
            found.append(duration_secs)

    jax.monitoring.register_event_duration_secs_listener(note)
    try:
        yield found
    finally:
        jax.monitoring.unregister_event_duration_listener(note)


def first_training(network: str) -> dict[str, float]:
    """Seconds from the call to the first losses of one run of Adam, and of them compiling."""
    told: list[float] = []

    def see(event: Event) -> None:
        if isinstance(event, Steps):
            told.append(time.perf_counter())

    spec, data = Arm(network, ("adam",)).spec(), images(IMAGES)
    with compilations() as compiled:
        start = time.perf_counter()
        train(spec, data, see, lambda: bool(told))
    return {"seconds": told[0] - start, "compiling": sum(compiled), "programs": len(compiled)}


def in_new_processes(network: str) -> dict[str, list[dict[str, float]]]:
    """`first_training` with an empty cache of compiled programs and with a filled one."""
    found: dict[str, list[dict[str, float]]] = {"empty": [], "filled": []}
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as folder:
            environment = {**os.environ, "OPTVIZ_CACHE": folder}
            environment.pop("JAX_COMPILATION_CACHE_DIR", None)  # it would take the folder's place
            for cache in found:
                command = [sys.executable, "-c", CODE.format(network=network)]
                done = subprocess.run(
                    command, env=environment, capture_output=True, text=True, check=True
                )
                found[cache].append(json.loads(done.stdout))
    return found


def compiled_again(network: str) -> int:
    """How many programs a second training compiles that differs in numbers only."""
    runs = tuple(map(Run.parse, ("adam@cosine", "momentum")))
    base = replace(Arm(network, ("adam",)).spec(), runs=runs, epochs=1)
    data = images(IMAGES)
    train(base, data)
    with compilations() as compiled:
        for spec in others(base):
            train(spec, data)
    return len(compiled)


def others(base: TrainSpec) -> Iterator[TrainSpec]:
    """Other rates, hyperparameters and a schedule's; other seeds; other strengths."""
    texts = ("adam:learning_rate=0.002,b1=0.8@cosine:final=0.1", "momentum:momentum=0.5")
    yield replace(base, runs=tuple(map(Run.parse, texts)))
    yield replace(base, seed=5, seeds=2)
    yield replace(base, l2=1e-3)
    yield replace(base, weight_decay=1e-2, label_smoothing=0.1)


def measure(networks: tuple[str, ...]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    measured: dict[str, Any] = {}
    bars = []
    for network in networks:
        label = Arm(network, ("adam",)).label
        say(f"start-up: {label}")
        for cache, found in in_new_processes(network).items():
            for what in ("seconds", "compiling"):
                name = (
                    f"{label}: first losses"
                    if what == "seconds"
                    else f"{label}: of which compiling"
                )
                values = [one[what] for one in found]
                measured[f"{name}, {cache} cache"] = {**spread(values), "unit": "s"}
        again = compiled_again(network)
        what = f"{label}: programs compiled for new numbers"
        bars.append(bar(what, again, 0, "", at_least=False))
    return measured, bars
