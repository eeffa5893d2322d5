"""Residual networks for small images."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from optviz.catalog import entry, switch
from optviz.networks.activations import ACTIVATIONS
from optviz.networks.initialisers import INITIALISERS
from optviz.networks.recipe import Recipe
from optviz.networks.stages import Staged, staged


@entry
class ResNet(Staged):
    r"""Blocks that learn what to add to their input.

    $$x_{k+1} = \phi(x_k + F(x_k)), \qquad F = \text{two 3x3 convolutions}$$

    The variant for CIFAR-10: depth 6n + 2, three stages of n blocks with `width`, 2 and 4 times as
    many channels. Where the shape changes, the shortcut takes every second pixel and fills the new
    channels with zeros (option A of the paper), or is a 1x1 convolution (option B). 75,290
    parameters and 12.2 million multiply-adds at depth 8; 269,722 parameters at depth 20.

    Reference: He et al. 2016, section 4.2, https://arxiv.org/abs/1512.03385
    """

    name: ClassVar[str] = "resnet"
    label: ClassVar[str] = "ResNet"

    shortcut: str = switch(
        "identity", options=("identity", "projection"), help="What passes where the shape changes."
    )
    activation: str = switch("relu", options=tuple(ACTIVATIONS), help="Non-linearity.")
    initialiser: str = switch("kaiming", options=tuple(INITIALISERS), help="How weights start.")
    batch_norm: bool = switch(True, help="Normalise after each convolution.")

    def forward(self, x: jax.Array, train: bool) -> jax.Array:
        recipe = Recipe(self.initialiser, self.activation, train, self.batch_norm)

        def shortcut(x: jax.Array, features: int, stride: int, name: str) -> jax.Array:
            if stride == 1:
                return x
            if self.shortcut == "projection":
                name = f"{name}_shortcut"
                return recipe.conv(x, features, 1, name=name, stride=stride, activate=False)
            more = features - x.shape[-1]
            x = x[:, ::stride, ::stride]
            return jnp.pad(x, ((0, 0), (0, 0), (0, 0), (0, more)))

        x = staged(x, recipe, self.depth, self.width, shortcut)
        return recipe.output(x, self.num_classes)
