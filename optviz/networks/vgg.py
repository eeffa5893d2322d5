"""VGG-like networks: stages of 3x3 convolutions, each halved by max-pooling."""

from dataclasses import replace
from typing import ClassVar

import jax

from optviz.catalog import entry, knob, switch
from optviz.networks.activations import ACTIVATIONS
from optviz.networks.base import Network
from optviz.networks.initialisers import INITIALISERS
from optviz.networks.layers import Dropout, MaxPool, flatten
from optviz.networks.recipe import Recipe

# Weight layers -> convolutions in each stage; three fully connected layers follow. From 11 on these
# are columns A, B, D and E of the paper's table 1; 9 is a small one for small machines.
STAGES = {
    9: (2, 2, 2),
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}


@entry
class VGG(Network):
    """3x3 convolutions that keep the size, 2x2 max-pooling after each stage, three dense layers.

    Stages have `width`, 2, 4, 8 and 8 times as many channels; the hidden dense layers 8 times
    (4096 in the paper, for larger images). Width 64 gives the paper's convolutions: 14,714,688
    parameters in the thirteen of VGG-16 without batch norm. Where batch norm is on, it follows the
    convolutions, as in the usual variant.

    Reference: Simonyan & Zisserman 2015, https://arxiv.org/abs/1409.1556
    """

    name: ClassVar[str] = "vgg"
    label: ClassVar[str] = "VGG"
    cpu_library: ClassVar[tuple[str, ...] | None] = ("eltwise", "reduce")

    depth: int = switch(9, options=tuple(STAGES), help="How many layers have weights.")
    width: int = knob(
        16,
        domain=(1, 512),
        typical=(8, 64),
        closed="both",
        integer=True,
        static=True,
        help="Channels of the first stage.",
    )
    activation: str = switch("relu", options=tuple(ACTIVATIONS), help="Non-linearity.")
    initialiser: str = switch("pytorch", options=tuple(INITIALISERS), help="How weights start.")
    batch_norm: bool = switch(True, help="Normalise after each convolution.")
    dropout: float = knob(
        0.0, domain=(0, 1), typical=(0, 0.8), help="Share of hidden units left out in training."
    )

    def forward(self, x: jax.Array, train: bool) -> jax.Array:
        recipe = Recipe(self.initialiser, self.activation, train, self.batch_norm)
        for stage, count in enumerate(STAGES[self.depth]):
            features = self.width * min(2**stage, 8)
            for index in range(count):
                name = f"stage_{stage}_conv_{index}"
                x = recipe.conv(x, features, 3, name=name, padding=1)
            x = MaxPool()(x)
        x = flatten(x)
        dense = replace(recipe, batch_norm=False)
        for index in range(2):
            x = dense.dense(x, 8 * self.width, name=f"hidden_{index}")
            x = Dropout(self.dropout, train)(x)
        return dense.output(x, self.num_classes)
