"""Trainings made with plain NumPy: what an engine would have told."""

from __future__ import annotations

import numpy as np

from optviz.data import DATASETS
from optviz.engine.training.events import EpochEnd, Layers, RunEnd, Started, Steps, TrainResult
from optviz.networks import NETWORKS
from optviz.specs.experiment import TrainSpec
from optviz.specs.run import Run

WEIGHTS = ["conv_0", "conv_1", "dense_0", "dense_1", "head"]
RECTIFIED = ["relu_0", "relu_1", "relu_2", "relu_3"]
IMAGES = 4096


def spec(
    rules: tuple[str, ...] = ("sgd", "adam"),
    vary: tuple[str, ...] = ("batch_size=64|256",),
    seeds: int = 3,
) -> TrainSpec:
    runs = tuple(map(Run.parse, rules))
    network = NETWORKS["linear"]()
    return TrainSpec(DATASETS["synthetic"](), network, runs, seeds=seeds, vary=vary)


def training(
    asked: TrainSpec, epochs: int = 12, share: float = 1.0, diverges: tuple[int, ...] = ()
) -> TrainResult:
    """Losses fall by the rule and the batch size; larger batches take longer a step.

    Args:
        asked: its rules, batch sizes and seeds decide the members.
        epochs: of every member.
        share: how much of each member is told, in (0, 1].
        diverges: members whose loss grows without end from the middle on.
    """
    result, members = TrainResult.empty(asked), asked.members()
    per_epoch = [IMAGES // member.spec.batch_size for member in members]
    labels, count = [member.label for member in members], len(members)
    result.add(
        Started(
            "started",
            labels,
            [epochs * n for n in per_epoch],
            per_epoch,
            [1000] * count,
            [IMAGES] * count,
            [1000] * count,
            ["a", "b"],
            "made up",
        )
    )
    for index, member in enumerate(members):
        _run(result, index, member.seed, member.run, per_epoch[index], epochs, share, diverges)
    return result


def _run(
    result: TrainResult,
    index: int,
    seed: int,
    rule: int,
    per_epoch: int,
    epochs: int,
    share: float,
    diverges: tuple[int, ...],
) -> None:
    rng = np.random.default_rng((seed, rule, per_epoch))
    total = epochs * per_epoch
    done = max(1, round(total * share))
    t = np.arange(total) / total
    rate = (3.0 if rule else 1.6) * (1 + 0.25 * np.log2(per_epoch / 32)) * rng.uniform(0.85, 1.15)
    clean = 2.2 * np.exp(-rate * t) + 0.25
    losses = clean * np.exp(0.18 * rng.normal(size=total))
    norms = 1.5 * clean**0.6 * np.exp(0.3 * rng.normal(size=total))
    seconds = 0.002 + 0.4 / per_epoch  # of a step: larger batches take longer
    stops = index in diverges
    if stops:
        done = min(done, total // 2)
        losses[total // 3 :] *= np.exp(np.linspace(0, 20, total - total // 3))
    for first in range(0, done, per_epoch):
        end = min(first + per_epoch, done)
        part = slice(first, end)
        clock = end * seconds + 0.05 * (first // per_epoch)
        told = losses[part].tolist(), norms[part].tolist()
        result.add(Steps("steps", index, first, *told, clock, 0.0))
        if end - first == per_epoch:
            epoch = first // per_epoch
            val = float(clean[end - 1] + 0.15 + 0.2 * t[end - 1] + 0.02 * rng.normal())
            numbers = float(clean[end - 1]), 0.9 - 0.25 * clean[end - 1], val, 0.88 - 0.25 * val
            result.add(EpochEnd("epoch", index, epoch, *numbers, 1.0, clock + 0.05))
    every = -(-total // 40)
    for step in range(0, done, every):
        ratios = 2e-3 * np.exp(-t[step]) * 2.0 ** np.arange(-2, 3) * rng.uniform(0.8, 1.25, 5)
        dead = np.clip(0.5 * t[step] * np.array([0.1, 0.3, 0.6, 1.0]) + 0.02 * rng.random(4), 0, 1)
        result.add(
            Layers("layers", index, step, WEIGHTS, ratios.tolist(), RECTIFIED, dead.tolist())
        )
    if stops:
        result.add(RunEnd("end", index, "diverged", done))
    elif done == total:
        result.add(RunEnd("end", index, "finished", -1))


def rates(result: TrainResult, moving: bool = True) -> list[np.ndarray]:
    """Each member's learning rate at every step: cosine, or the same all the time."""
    steps = result.started.num_steps if result.started else []
    return [
        np.float32(0.01 if member.run else 0.1)
        * (0.5 + 0.5 * np.cos(np.pi * np.arange(n) / n) if moving else np.ones(n))
        for member, n in zip(result.spec.members(), steps, strict=True)
    ]
