"""Every rule lowers the loss of every network, and sound networks learn images by heart."""

import numpy as np
import pytest
from small_networks import smallest

from optviz.data import Synthetic
from optviz.engine.training.events import Begun, EpochEnd
from optviz.engine.training.train import train
from optviz.networks import NETWORKS, LeNet, Linear, Network
from optviz.networks.mlp import MLP
from optviz.specs.experiment import TrainSpec
from optviz.specs.run import Run

pytestmark = pytest.mark.usefixtures("compiled_quickly")

DATASET = Synthetic(num_train=100, num_test=10, noise=1.0)  # noise alone: nothing else to learn
DATA = DATASET.load()
WHOLE = {"linear": Linear(), "mlp": MLP(hidden="64-32"), "lenet": LeNet()}


def learns(network: Network, count: int, epochs: int) -> list[float | None]:
    """Training accuracy at the start and after each epoch, until all images are right."""
    spec = TrainSpec(
        DATASET,
        network,
        (Run.parse("adam:learning_rate=0.003"),),
        epochs=epochs,
        batch_size=50,
        limit=count,
    )
    seen: list[float | None] = []

    def on_event(event: object) -> None:
        if isinstance(event, Begun | EpochEnd):
            seen.append(event.train_accuracy)

    train(spec, DATA, on_event, lambda: seen[-1:] == [1.0])
    return seen


@pytest.mark.parametrize("count", [1, 4, 10, 100])
@pytest.mark.parametrize("name", WHOLE)
def test_learns_by_heart(name, count):
    accuracies = learns(WHOLE[name], count, 120)
    assert accuracies[0] < 1 or count == 1
    assert accuracies[-1] == 1.0, f"{max(accuracies)} after {len(accuracies) - 1} epochs"


@pytest.mark.parametrize("name", [key for key in NETWORKS if key not in WHOLE])
def test_the_smallest_learn_ten(name):
    assert learns(smallest(NETWORKS[name]), 10, 120)[-1] == 1.0


# A rate at which each rule gets down on a few batches; the others keep their class's.
RATES = {
    "sgd": 0.05,
    "momentum": 0.02,
    "nesterov": 0.02,
    "adagrad": 1e-3,
    "rmsprop": 1e-4,
    "adadelta": 1.0,
}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_rule_lowers_the_loss_of_every_network(name):
    rules = ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adadelta", "adam", "adamw"]
    runs = [f"{rule}:learning_rate={RATES.get(rule, 1e-3)}" for rule in rules]
    shapes = Synthetic(num_train=160, num_test=30)
    network = smallest(NETWORKS[name])
    spec = TrainSpec(
        shapes, network, tuple(map(Run.parse, runs)), epochs=3, batch_size=32, limit=32
    )
    result = train(spec, shapes.load())
    for run in result.runs:
        assert run.outcome == "finished"
        assert len(run.losses) == 3
        assert run.losses[-1] < run.losses[0], run.label
    same = [run.losses[0] for run in result.runs]  # same weights, same batch
    np.testing.assert_allclose(same, same[0], rtol=1e-6)
