"""The residual network without its shortcuts."""

from typing import ClassVar

import jax

from optviz.catalog import entry, switch
from optviz.networks.activations import ACTIVATIONS
from optviz.networks.initialisers import INITIALISERS
from optviz.networks.recipe import Recipe
from optviz.networks.stages import Staged, staged


@entry
class Plain(Staged):
    """3x3 convolutions one after the other: what a ResNet would be without shortcuts.

    The deeper ones train worse than the shallower ones, which is what residual networks are for.
    75,290 parameters at depth 8.

    Reference: He et al. 2016, section 4.2, https://arxiv.org/abs/1512.03385
    """

    name: ClassVar[str] = "plain"
    label: ClassVar[str] = "Plain network"

    activation: str = switch("relu", options=tuple(ACTIVATIONS), help="Non-linearity.")
    initialiser: str = switch("kaiming", options=tuple(INITIALISERS), help="How weights start.")
    batch_norm: bool = switch(True, help="Normalise after each convolution.")

    def forward(self, x: jax.Array, train: bool) -> jax.Array:
        recipe = Recipe(self.initialiser, self.activation, train, self.batch_norm)
        x = staged(x, recipe, self.depth, self.width, shortcut=None)
        return recipe.output(x, self.num_classes)
