"""The residual network without its shortcuts."""

from typing import ClassVar

import jax

from optviz.catalog import entry, knob, switch
from optviz.networks.activations import ACTIVATIONS
from optviz.networks.base import Network
from optviz.networks.initialisers import INITIALISERS
from optviz.networks.recipe import Recipe
from optviz.networks.stages import check_depth, staged


@entry
class Plain(Network):
    """3x3 convolutions one after the other: what a ResNet would be without shortcuts.

    The deeper ones train worse than the shallower ones, which is what residual networks are for.
    75,290 parameters at depth 8.

    Reference: He et al. 2016, section 4.2, https://arxiv.org/abs/1512.03385
    """

    name: ClassVar[str] = "plain"
    label: ClassVar[str] = "Plain network"

    depth: int = knob(
        8,
        domain=(8, 1202),
        typical=(8, 56),
        closed="both",
        integer=True,
        static=True,
        help="How many layers have weights: 6n + 2.",
    )
    width: int = knob(
        16,
        domain=(1, 512),
        typical=(4, 64),
        closed="both",
        integer=True,
        static=True,
        help="Channels of the first stage.",
    )
    activation: str = switch("relu", options=tuple(ACTIVATIONS), help="Non-linearity.")
    initialiser: str = switch("kaiming", options=tuple(INITIALISERS), help="How weights start.")
    batch_norm: bool = switch(True, help="Normalise after each convolution.")

    def check(self) -> None:
        check_depth("Plain", self.depth)

    def forward(self, x: jax.Array, train: bool) -> jax.Array:
        recipe = Recipe(self.initialiser, self.activation, train, self.batch_norm)
        x = staged(x, recipe, self.depth, self.width, shortcut=None)
        return recipe.output(x, self.num_classes)
