"""The linear classifier: one template image per class."""

from typing import ClassVar

import jax

from optviz.catalog import entry, switch
from optviz.networks.base import Network
from optviz.networks.initialisers import INITIALISERS
from optviz.networks.layers import flatten
from optviz.networks.recipe import Recipe


@entry
class Linear(Network):
    r"""A linear classifier: each class scores its own template image.

    $$\text{logits} = x W + b, \qquad W \in \mathbb{R}^{3072 \times 10}$$

    With softmax cross-entropy the loss is convex, so that every rule heads for the same minimum.
    30,730 parameters.
    """

    name: ClassVar[str] = "linear"
    label: ClassVar[str] = "Linear classifier"

    initialiser: str = switch("pytorch", options=tuple(INITIALISERS), help="How weights start.")

    def forward(self, x: jax.Array, train: bool) -> jax.Array:
        return Recipe(self.initialiser, "identity", train).output(flatten(x), self.num_classes)
