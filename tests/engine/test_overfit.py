"""A sound network learns a handful of images by heart: 1, 4, 10, then 100."""

import pytest
from small_networks import smallest

from optviz.data import Synthetic
from optviz.engine.train import train
from optviz.engine.train_events import Begun, EpochEnd
from optviz.networks import NETWORKS, LeNet, Linear, Network
from optviz.networks.mlp import MLP
from optviz.specs.run import Run
from optviz.specs.train import TrainSpec

DATASET = Synthetic(num_train=100, num_test=10, noise=1.0)  # noise alone: nothing else to learn
DATA = DATASET.load()
WHOLE = {"linear": Linear(), "mlp": MLP(hidden="64-32"), "lenet": LeNet()}


def learns(network: Network, count: int, epochs: int) -> list[float | None]:
    """Training accuracy at the start and after each epoch, until all images are right."""
    spec = TrainSpec(
        DATASET, network, (Run.parse("adam:learning_rate=0.003"),), epochs, 50, limit=count
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
