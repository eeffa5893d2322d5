"""Time of a step of a training: optviz's own way of training against PyTorch's.

Trained is as a user trains, through `engine.train`, on as many images as CIFAR-10 has; a window of
some seconds is looked at, from when all runs are under way, and then the training is stopped. So
neither compilation nor the making of weights is in it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from optviz.benchmarks.peer import Ask
from optviz.benchmarks.report import bar, say, spread
from optviz.data import Data, Synthetic
from optviz.data.cifar10_files import CLASS_NAMES
from optviz.engine.training.events import Event, Steps
from optviz.engine.training.train import train, usable_cores
from optviz.networks import NETWORKS, Network
from optviz.optimizers import OPTIMIZERS
from optviz.specs.experiment import TrainSpec
from optviz.specs.run import Run
from optviz.specs.text import parse_entry

RULES = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adadelta", "adam", "adamw")
RUNS = 8
LIMITS = {"lenet": 1.0, "resnet": 0.7}  # speed over the peer in its default layout
RATE = 1e-3  # with which no rule diverges
NUM_TRAIN = 50_000
SECONDS = 5.0  # of a window
PEER_SECONDS = 2.5  # about, of each arm of the peer
LAYOUTS = {"contiguous_format": "default layout", "channels_last": "channels_last"}


class Arm(NamedTuple):
    """Runs of one network that are timed together."""

    network: str  # as in a link
    rules: tuple[str, ...]  # one a run
    precision: str = "float32"
    batch_size: int = 128

    @property
    def entry(self) -> Network:
        return parse_entry(self.network, NETWORKS)[0]

    @property
    def title(self) -> str:
        """`ResNet-8, 8 runs of Adam`."""
        same, count = len(set(self.rules)) == 1, len(self.rules)
        what = f"of {OPTIMIZERS[self.rules[0]].label}" if same else "of different rules"
        return f"{self.label}, {count} run{'s' * (count > 1)} {what}"

    @property
    def label(self) -> str:
        depth = getattr(self.entry, "depth", None)
        return self.entry.label if depth is None else f"{self.entry.label}-{depth}"

    def spec(self) -> TrainSpec:
        # Rates that differ a little, so that each run has a label of its own.
        rates = [RATE * (1 + number / 100) for number in range(len(self.rules))]
        texts = [
            f"{rule}:learning_rate={rate}" for rule, rate in zip(self.rules, rates, strict=True)
        ]
        return TrainSpec(
            Synthetic(),
            self.entry,
            tuple(map(Run.parse, texts)),
            epochs=1000,
            batch_size=self.batch_size,
            precision=self.precision,
        )

    def request(self, device: str, layout: str, compiled: bool) -> dict[str, Any]:
        return {
            "task": "steps",
            "network": type(self.entry).name,
            "width": getattr(self.entry, "width", None),
            # Compiled, one run is enough: the peer takes one after the other.
            "rules": list(self.rules[:1] if compiled else self.rules),
            "batch_size": self.batch_size,
            "device": {"cpu": "cpu", "gpu": "cuda"}[device],
            "threads": usable_cores(),
            "layout": layout,
            "precision": self.precision,
            "compiled": compiled,
        }


def images(count: int) -> Data:
    """Noise: nothing can be learned from it, but it takes as long."""
    draw = np.random.default_rng(0)
    x = draw.integers(256, size=(count + 1, 32, 32, 3), dtype=np.uint8)
    y = draw.integers(10, size=count + 1, dtype=np.uint8)
    return Data(x[1:], y[1:], x[:1], y[:1], CLASS_NAMES, note="noise")


class Window:
    """Counts the steps that are told from when every run has begun, for a while."""

    def __init__(self, num_runs: int, seconds: float) -> None:
        self._waiting, self._seconds = set(range(num_runs)), seconds
        self._begin = self._end = 0.0
        self._steps = 0

    def see(self, event: Event) -> None:
        if not isinstance(event, Steps) or self.over:
            return
        now = time.perf_counter()
        if self._waiting:
            self._waiting.discard(event.run)
            self._begin = now
        else:
            self._steps, self._end = self._steps + len(event.losses), now

    @property
    def over(self) -> bool:
        return not self._waiting and self._end - self._begin > self._seconds

    @property
    def ms_per_step(self) -> float:
        return 1e3 * (self._end - self._begin) / self._steps


def ours(spec: TrainSpec, data: Data, seconds: float) -> float:
    """Wall-clock milliseconds per step of a run: of 8 runs at once, an eighth of a step of all.

    Raises:
        ValueError: a run ended before the window did.
    """
    window = Window(len(spec.labels), seconds)
    result = train(spec, data, window.see, lambda: window.over)
    if {run.outcome for run in result.runs} != {"stopped"}:
        raise ValueError(f"a run ended early: {[run.outcome for run in result.runs]}")
    return window.ms_per_step


def compare(
    arms: Iterable[Arm], device: str, rounds: int, ask: Ask | None, *, compiled: bool
) -> dict[Arm, dict[str, list[float]]]:
    """Milliseconds a run-step of each arm, by who computes; all take turns in every round."""
    data = images(NUM_TRAIN)
    layouts = ["channels_last"] if compiled else list(LAYOUTS)
    times: dict[Arm, dict[str, list[float]]] = {arm: {} for arm in arms}
    steps: dict[Arm, int] = {}
    for arm in times:  # everything compiles before anything is timed
        say(f"compiling: {arm.title}")
        steps[arm] = max(
            2, round(1e3 * PEER_SECONDS / ours(arm.spec(), data, 0.2) / len(arm.rules))
        )
    for number in range(rounds):
        for arm, found in times.items():
            say(f"round {number + 1} of {rounds}: {arm.title}")
            found.setdefault("optviz", []).append(ours(arm.spec(), data, SECONDS))
            if ask is None:
                continue
            for layout in layouts:
                took = _peer(ask, arm.request(device, layout, compiled), steps[arm])
                found.setdefault(LAYOUTS[layout], []).append(took)
    return times


def _peer(ask: Ask, request: dict[str, Any], num_steps: int) -> float:
    took = ask({**request, "steps": num_steps})["seconds"]
    return 1e3 * took / num_steps / len(request["rules"])


def over(peer: Sequence[float], mine: Sequence[float]) -> float:
    """How many times as fast as the peer, in the median round."""
    return float(np.median(np.asarray(peer) / np.asarray(mine)))


def on_cpu(rounds: int, ask: Ask | None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What is measured, and the bars, on a CPU: eager PyTorch in both layouts."""
    measured: dict[str, Any] = {}
    bars = []
    arms = {
        Arm(network, rules): limit
        for network, limit in LIMITS.items()
        for rules in (("adam",) * RUNS, RULES, ("adam",))
    }
    for arm, found in compare(arms, "cpu", rounds, ask, compiled=False).items():
        for who, times in found.items():
            name = who if who == "optviz" else f"PyTorch eager, {who}"
            measured[f"{arm.title}: {name}, a run-step"] = spread(times)
        for layout in LAYOUTS.values():
            if layout not in found:
                continue
            ratio = over(found[layout], found["optviz"])
            what = f"{arm.title}: speed over {layout}"
            if layout == "default layout" and len(arm.rules) > 1:
                bars.append(bar(what, ratio, arms[arm], "x", at_least=True))
            else:
                measured[f"{what}, x"] = ratio
    return measured, bars
