"""A nine-layer residual network that is trained in seconds."""

from typing import ClassVar

import jax

from optviz.catalog import entry, knob, switch
from optviz.networks.activations import ACTIVATIONS
from optviz.networks.base import Network
from optviz.networks.initialisers import INITIALISERS
from optviz.networks.layers import Add, MaxPool, flatten
from optviz.networks.recipe import Recipe

SCALE = 0.125  # of the logits: the last layer has no batch norm to keep them small


@entry
class ResNet9(Network):
    """Wide and shallow: the network behind the fastest entries of the DAWNBench competition.

    Eight 3x3 convolutions, with two residual blocks, and a linear layer without bias. 6,573,120
    parameters at the default width.

    Reference: Page 2018, "How to train your ResNet",
    https://web.archive.org/web/2022/https://myrtle.ai/learn/how-to-train-your-resnet/
    """

    name: ClassVar[str] = "resnet9"
    label: ClassVar[str] = "ResNet-9"
    cpu_library: ClassVar[tuple[str, ...] | None] = ("eltwise", "reduce")

    width: int = knob(
        64,
        domain=(1, 512),
        typical=(8, 64),
        closed="both",
        integer=True,
        static=True,
        help="Channels of the first convolution.",
    )
    activation: str = switch("relu", options=tuple(ACTIVATIONS), help="Non-linearity.")
    initialiser: str = switch("kaiming", options=tuple(INITIALISERS), help="How weights start.")
    batch_norm: bool = switch(True, help="Normalise after each convolution.")

    def forward(self, x: jax.Array, train: bool) -> jax.Array:
        recipe = Recipe(self.initialiser, self.activation, train, self.batch_norm)

        def residual(x: jax.Array, name: str) -> jax.Array:
            y = recipe.conv(x, x.shape[-1], 3, name=f"{name}_conv_0", padding=1)
            y = recipe.conv(y, x.shape[-1], 3, name=f"{name}_conv_1", padding=1)
            return Add(name=f"{name}_sum")(x, y)

        width = self.width
        x = recipe.conv(x, width, 3, name="prep", padding=1)
        x = MaxPool()(recipe.conv(x, 2 * width, 3, name="layer_0", padding=1))
        x = residual(x, "layer_0_residual")
        x = MaxPool()(recipe.conv(x, 4 * width, 3, name="layer_1", padding=1))
        x = MaxPool()(recipe.conv(x, 8 * width, 3, name="layer_2", padding=1))
        x = residual(x, "layer_2_residual")
        x = flatten(MaxPool(4)(x))
        return SCALE * recipe.output(x, self.num_classes, bias=False)
