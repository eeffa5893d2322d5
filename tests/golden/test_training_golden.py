"""Trainings step for step against PyTorch in float64, as `make_training_golden.py` stored them.

The networks are optviz's own on smaller images, and begin with weights that NumPy draws.
"""

import itertools
import json
import re
from pathlib import Path
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from training_case import extent, images, weights

from optviz.catalog import entry
from optviz.data import Data, Synthetic
from optviz.engine.training.train import train
from optviz.networks import MLP, LeNet, ResNet
from optviz.specs.experiment import TrainSpec
from optviz.specs.run import Run

pytestmark = pytest.mark.usefixtures("compiled_quickly")

GOLDEN = dict(np.load(Path(__file__).with_name("torch_training.npz")))
CASES = json.loads(str(GOLDEN["cases"]))
GROUPS = {
    name: list(members)
    for name, members in itertools.groupby(range(len(CASES)), lambda i: CASES[i]["group"])
}
TESTED = ("train_loss", "train_accuracy", "val_loss", "val_accuracy")
NUMBERS = (*TESTED, "mean_loss", "mean_accuracy")
TOLERANCE = 1e-5  # relative; of arrays to their largest number


class Given:
    """A network whose first weights do not depend on the seed."""

    def init(self, key):
        params, stats = super().init(key)
        return drawn(params), stats


@entry
class TinyMLP(Given, MLP):
    """Images of 4x4 pixels."""

    input_shape: ClassVar = (4, 4, 3)


@entry
class TinyLeNet(Given, LeNet):
    """Images of 16x16 pixels."""

    input_shape: ClassVar = (16, 16, 3)


@entry
class TinyResNet(Given, ResNet):
    """Images of 8x8 pixels."""

    input_shape: ClassVar = (8, 8, 3)


NETWORKS = {
    "mlp": TinyMLP(hidden="10elu-8tanh"),
    "mlp_norm": TinyMLP(hidden="10elu-8tanh", batch_norm=True),
    "lenet": TinyLeNet(activation="elu"),
    "resnet": TinyResNet(width=2, activation="elu"),
}


def by_path(tree):
    """The leaves of a nested dict by their paths, `layer/kind`."""
    leaves, structure = jax.tree_util.tree_flatten_with_path(tree)
    names = ["/".join(str(part.key) for part in path) for path, _ in leaves]
    return dict(zip(names, (leaf for _, leaf in leaves), strict=True)), structure


def drawn(tree):
    leaves, structure = by_path(tree)
    values = weights({name: leaf.shape for name, leaf in leaves.items()})
    return jax.tree.unflatten(structure, [jnp.asarray(values[name]) for name in leaves])


class Keeper:
    """Remembers how each run ended."""

    def __init__(self):
        self.last = {}

    def load(self, member):
        return None

    def save(self, member, snapshot):
        self.last[member] = snapshot.arrays


def leaves(arrays):
    """A snapshot's weights and statistics by `layer/kind`: `.params['output']['bias']`."""
    found = {}
    for path, array in arrays.items():
        root, *keys = re.findall(r"[a-z]\w*", path)
        if root in ("params", "stats"):
            found["/".join(keys[-2:])] = array
    return found


def unpacked(flat, like):
    """The golden arrays, which were stored one after the other, by name."""
    names = sorted(like)
    assert flat.size == sum(like[name].size for name in names)
    parts = np.split(flat, np.cumsum([like[name].size for name in names])[:-1])
    return {n: part.reshape(like[n].shape) for n, part in zip(names, parts, strict=True)}


def close(ours, golden, what):
    np.testing.assert_allclose(ours, golden, rtol=TOLERANCE, atol=0, err_msg=what)


@pytest.mark.parametrize(
    ("group", "arrangement"),
    [
        *((group, "loop") for group in GROUPS),
        ("batch norm, mlp_norm, 50 images in batches of 16", "stack"),
    ],
)
def test_training_equals_pytorch(group, arrangement):
    members = [CASES[number] for number in GROUPS[group]]
    network = NETWORKS[members[0]["network"]]
    seen = images(network.input_shape[0], members[0]["num_train"], 20)
    data = Data(**seen, class_names=tuple("0123456789"), note="")
    runs = tuple(Run.parse(member["run"]) for member in members)
    spec = TrainSpec(Synthetic(), network, runs, **members[0]["settings"])
    keeper = Keeper()
    result = train(spec, data, keeper=keeper, arrangement=arrangement)

    for index, (number, run) in enumerate(zip(GROUPS[group], result.runs, strict=True)):
        assert run.outcome == "finished"
        close(run.losses, GOLDEN[f"losses_{number}"], f"losses of {run.label}")
        epochs = [[getattr(epoch, name) for name in NUMBERS] for epoch in run.epochs]
        close(epochs, GOLDEN[f"epochs_{number}"], f"epochs of {run.label}")
        start = [getattr(run.begun, name) for name in TESTED]
        close(start, GOLDEN[f"start_{number}"], f"start of {run.label}")
        ours = leaves(keeper.last[index])
        golden = unpacked(GOLDEN[f"arrays_{number}"], ours)
        for name in ours:
            apart = np.abs(ours[name] - golden[name]).max() / extent(golden, name)
            assert apart <= TOLERANCE, f"{name} of {run.label}"


def test_every_golden_training_moves_its_own_way():
    """One that does not move, or two that are one, would prove nothing."""
    for number in range(len(CASES)):
        val_losses = GOLDEN[f"epochs_{number}"][:, NUMBERS.index("val_loss")]
        assert val_losses.min() < 0.95 * val_losses[0]
    ends = [GOLDEN[f"losses_{number}"][-1] for number in range(len(CASES))]
    settings = [(case["network"], *case["settings"].items()) for case in CASES]
    for one, other in itertools.combinations(range(len(CASES)), 2):
        if settings[one] == settings[other]:
            assert abs(ends[one] - ends[other]) > 1e-4
