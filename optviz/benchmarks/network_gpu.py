"""What a GPU is for: many runs in the time of few, near the card's peak, and a net in seconds.

Nothing here asks what the device is, so that it runs, slowly, on any.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from optviz.analysis.network_cost import cost
from optviz.benchmarks.network_speed import Arm, compare, over
from optviz.benchmarks.peer import Ask
from optviz.benchmarks.report import bar, say, spread
from optviz.engine.training.events import EpochEnd, Event
from optviz.runs.training import load_data, parse_data, run_training
from optviz.schedules.piecewise import Piecewise
from optviz.specs.experiment import TrainSpec
from optviz.specs.run import Run

NETWORKS = ("lenet", "resnet")
RUNS = 16
SIDE, PRODUCTS, REPEATS = 8192, 20, 5  # of the matrices that the peak is measured with
FAST, FAST_BATCH = "resnet9", 512
EPOCHS, SEEDS, REFERENCE_SEEDS = 10, 10, 3  # of the fast net and of PyTorch's reference
POINTS = ((0.0, 0.1), (0.25, 1.0), (1.0, 0.01))  # (share of the run, share of the top rate)
TOP, MOMENTUM, L2, SMOOTHING, CROP = 0.4, 0.9, 5e-4, 0.1, 4
BELOW = 0.003  # accuracy by which the reference may be missed
PER_STEP = 3  # forward, and two products of the same size backward


def throughput(rounds: int, device: str, ask: Ask | None) -> tuple[dict[str, Any], list[Any]]:
    """16 runs against one, samples a second, share of the peak, PyTorch compiled beside it."""
    measured: dict[str, Any] = {}
    bars = []
    peak = peak_flops()
    measured["peak, measured by bfloat16 products, TFLOP/s"] = peak / 1e12
    for network in NETWORKS:
        many = Arm(network, ("adam",) * RUNS, "bfloat16")
        one = Arm(network, ("adam",), "bfloat16")
        times = compare((many, one), device, rounds, ask, compiled=True)
        ratio = RUNS * over(times[many]["optviz"], times[one]["optviz"])
        what = f"{many.label}: a step of {RUNS} runs at once over one of one"
        bars.append(bar(what, ratio, 3, "x", at_least=False))
        for arm, found in times.items():
            _rates(arm, found, peak, measured, bars if arm is many else None)
    arm = Arm(FAST, ("nesterov",), "bfloat16", FAST_BATCH)
    found = compare((arm,), device, rounds, ask, compiled=True)[arm]
    _rates(arm, found, peak, measured, bars)
    return measured, bars


def _rates(
    arm: Arm,
    found: Mapping[str, list[float]],
    peak: float,
    measured: dict[str, Any],
    bars: list[Any] | None,
) -> None:
    """Add samples a second and the share of the peak of everyone that was timed."""
    for who, times in found.items():
        name = "optviz" if who == "optviz" else f"PyTorch compiled, {who}"
        samples = [1e3 * arm.batch_size / took for took in times]
        title = f"{arm.title}, bfloat16: {name}"
        measured[f"{title}, samples a second"] = {**spread(samples), "unit": "/s"}
        work = PER_STEP * cost(arm.entry).flops * float(np.median(samples))
        measured[f"{title}, % of the peak"] = 100 * work / peak
        if who != "optviz" and bars is not None:
            ratio = over(times, found["optviz"])
            what = f"{arm.title}: samples a second over compiled PyTorch"
            bars.append(bar(what, ratio, 1.0, "x", at_least=True))


def peak_flops() -> float:
    """FLOP/s of products of large bfloat16 matrices: the most that networks could use."""
    matrix = jnp.ones((SIDE, SIDE), jnp.bfloat16)
    _products(matrix).block_until_ready()
    rates = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        _products(matrix).block_until_ready()
        rates.append(2 * SIDE**3 * PRODUCTS / (time.perf_counter() - start))
    return max(rates)


@jax.jit
def _products(matrix: jax.Array) -> jax.Array:
    scale = jnp.asarray(1 / SIDE, jnp.bfloat16)  # the product of ones stays one
    result = matrix
    for _ in range(PRODUCTS):
        result = (result @ matrix) * scale
    return result


# The fast net ------------------------------------------------------------------------------------


def fast_spec(data: str, network: str) -> TrainSpec:
    dataset, directory = parse_data(data)
    rule = Run.parse(f"nesterov:learning_rate={TOP},momentum={MOMENTUM}")
    schedule = replace(Piecewise(), points=POINTS)
    return TrainSpec(
        dataset,
        Arm(network, ("nesterov",)).entry,
        (replace(rule, schedules=(("learning_rate", schedule),)),),
        epochs=EPOCHS,
        batch_size=FAST_BATCH,
        directory=directory,
        l2=L2,
        label_smoothing=SMOOTHING,
        flip=True,
        crop=CROP,
        precision="bfloat16",
    )


def fast_net(data: str, device: str, ask: Ask | None) -> dict[str, Any]:
    """Seconds of training, without compilation and tests, to given accuracies."""
    spec = fast_spec(data, FAST)
    targets = {"94 %": 0.94}
    measured: dict[str, Any] = {}
    if ask is not None:
        answer = _reference(spec, device, ask)
        reached = float(np.mean(answer["accuracies"]))
        measured["fast net: PyTorch's reference, % of each seed"] = _percent(answer["accuracies"])
        measured["fast net: PyTorch's reference"] = {**spread(answer["seconds"]), "unit": "s"}
        targets[f"{100 * (reached - BELOW):.2f} %, the reference's less 0.3 points"] = (
            reached - BELOW
        )
    curves: list[list[tuple[float, float]]] = []  # (seconds, accuracy) after each epoch
    run_training(replace(spec, epochs=1))  # compiles
    start = time.perf_counter()
    for seed in range(SEEDS):
        say(f"fast net: seed {seed + 1} of {SEEDS}")
        curve: list[tuple[float, float]] = []

        def see(event: Event, curve: list[tuple[float, float]] = curve) -> None:
            if isinstance(event, EpochEnd):
                curve.append((event.clock, event.val_accuracy or 0.0))

        run_training(replace(spec, seed=seed), see)
        curves.append(curve)
    measured["fast net: seconds a seed, loading included"] = (time.perf_counter() - start) / SEEDS
    measured["fast net: % of each seed"] = _percent([curve[-1][1] for curve in curves])
    for name, target in targets.items():
        measured[f"fast net: mean seconds to {name}"] = mean_seconds(curves, target)
    return measured


def mean_seconds(curves: list[list[tuple[float, float]]], target: float) -> float | str:
    """Until the mean accuracy over the seeds is the target; words where it never is."""
    accuracy = np.mean([[value for _, value in curve] for curve in curves], axis=0)
    clock = np.mean([[value for value, _ in curve] for curve in curves], axis=0)
    reached = np.flatnonzero(accuracy >= target)
    return float(clock[reached[0]]) if len(reached) else "not reached"


def _percent(accuracies: list[float]) -> list[float]:
    return [round(100 * value, 2) for value in accuracies]


def _reference(spec: TrainSpec, device: str, ask: Ask) -> dict[str, Any]:
    """PyTorch trains the same net in the same way on the same files."""
    data = load_data(spec)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images.npz"
        parts = ("train_x", "train_y", "test_x", "test_y")
        np.savez(path, **{part: getattr(data, part) for part in parts})
        request = Arm(FAST, ("nesterov",), "bfloat16", FAST_BATCH)
        return ask(
            {
                **request.request(device, "channels_last", compiled=device == "gpu"),
                "task": "fit",
                "data": str(path),
                "epochs": EPOCHS,
                "seeds": list(range(REFERENCE_SEEDS)),
                "learning_rate": TOP,
                "momentum": MOMENTUM,
                "l2": L2,
                "label_smoothing": SMOOTHING,
                "crop": CROP,
                "points": POINTS,
            }
        )


def measure(
    rounds: int, device: str, ask: Ask | None, data: str | None
) -> tuple[dict[str, Any], list[Any]]:
    measured, bars = throughput(rounds, device, ask)
    if data is not None:
        measured |= fast_net(data, device, ask)
    return measured, bars
