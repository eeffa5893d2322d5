"""Whether a short training reaches the accuracy that it should: two epochs of LeNet."""

from __future__ import annotations

from typing import Any

from optviz.benchmarks.report import bar, say
from optviz.networks import NETWORKS
from optviz.runs.training import parse_data, run_training
from optviz.specs.experiment import TrainSpec
from optviz.specs.run import Run
from optviz.specs.text import parse_entry

# After two epochs in batches of 128, of test images, on average over seeds.
EXPECTED = {
    "adam:learning_rate=0.001": 0.515,
    "momentum:learning_rate=0.02,momentum=0.9": 0.532,
    "sgd:learning_rate=0.1": 0.456,
    "rmsprop:learning_rate=0.001,decay=0.99": 0.499,
    "adagrad:learning_rate=0.01": 0.528,
}
WITHIN = 2.5  # points of a percent
EPOCHS, SEEDS = 2, 3


def measure(data: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Train LeNet with PyTorch's initialisation on the images that `data` names, as `--data`.

    Raises:
        ValueError: there are no such images.
    """
    dataset, directory = parse_data(data)
    runs = tuple(map(Run.parse, EXPECTED))
    network = parse_entry("lenet:initialiser=pytorch", NETWORKS)[0]
    spec = TrainSpec(
        dataset, network, runs, epochs=EPOCHS, batch_size=128, seeds=SEEDS, directory=directory
    )
    say(f"accuracies: {len(EXPECTED)} rules, {SEEDS} seeds, {EPOCHS} epochs each")
    result = run_training(spec)
    measured: dict[str, Any] = {}
    bars = []
    for index, (text, expected) in enumerate(EXPECTED.items()):
        mine = [
            100 * (run.epochs[-1].val_accuracy or 0.0)
            for run, member in zip(result.runs, spec.members(), strict=True)
            if member.run == index
        ]
        mean = sum(mine) / len(mine)
        what = f"LeNet, {EPOCHS} epochs, {text}"
        measured[f"{what}, % of each seed"] = [round(value, 2) for value in mine]
        measured[f"{what}, % on average"] = mean
        name = f"{what}: off {100 * expected:.1f} %"
        bars.append(bar(name, abs(mean - 100 * expected), WITHIN, "points", at_least=False))
    return measured, bars
