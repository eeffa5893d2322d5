"""Trainings step for step against PyTorch in float64, as `make_training_golden.py` stored them.

The networks are optviz's own on smaller images, and begin with weights that NumPy draws.
"""

import itertools
import json
from pathlib import Path
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from training_case import images, weights

from optviz.catalog import entry
from optviz.data import Data, Synthetic
from optviz.engine.train import train
from optviz.networks import MLP, LeNet
from optviz.specs.run import Run
from optviz.specs.train import TrainSpec

GOLDEN = dict(np.load(Path(__file__).with_name("torch_training.npz")))
CASES = json.loads(str(GOLDEN["cases"]))
GROUPS = {
    name: list(members)
    for name, members in itertools.groupby(range(len(CASES)), lambda i: CASES[i]["group"])
}
TOLERANCE = 1e-5  # relative; of arrays to their largest number


class Given:
    """A network whose first weights do not depend on the seed."""

    def init(self, key):
        params, stats = super().init(key)
        return drawn(params), drawn(stats)


@entry
class TinyMLP(Given, MLP):
    """Images of 4x4 pixels."""

    input_shape: ClassVar = (4, 4, 3)


@entry
class TinyLeNet(Given, LeNet):
    """Images of 16x16 pixels."""

    input_shape: ClassVar = (16, 16, 3)


NETWORKS = {"mlp": TinyMLP(hidden="10-8tanh"), "lenet": TinyLeNet()}


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
