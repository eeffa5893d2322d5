"""LeNet: two convolutions with pooling, then three fully connected layers."""

from typing import ClassVar

import jax

from optviz.catalog import entry, knob, switch
from optviz.networks.activations import ACTIVATIONS
from optviz.networks.base import Network
from optviz.networks.initialisers import INITIALISERS
from optviz.networks.layers import AveragePool, Dropout, MaxPool, flatten
from optviz.networks.recipe import Recipe

POOLINGS = {"max": MaxPool, "average": AveragePool}


@entry
class LeNet(Network):
    """LeNet-5 for colour images: 5x5 convolutions with 6 and 16 filters, then 120, 84 and 10 units.

    As in today's tutorials it has ReLU and max-pooling where the paper has scaled tanh, trainable
    average pooling and radial basis functions. 62,006 parameters.

    Reference: LeCun et al. 1998, https://doi.org/10.1109/5.726791
    """

    name: ClassVar[str] = "lenet"
    label: ClassVar[str] = "LeNet"
    cpu_library: ClassVar[tuple[str, ...] | None] = ()  # its kernels are slow on 6 channels

    activation: str = switch("relu", options=tuple(ACTIVATIONS), help="Non-linearity.")
    initialiser: str = switch("pytorch", options=tuple(INITIALISERS), help="How weights start.")
    pooling: str = switch("max", options=tuple(POOLINGS), help="What is left of each 2x2 tile.")
    batch_norm: bool = switch(False, help="Normalise in front of each non-linearity.")
    dropout: float = knob(
        0.0, domain=(0, 1), typical=(0, 0.8), help="Share of hidden units left out in training."
    )

    def forward(self, x: jax.Array, train: bool) -> jax.Array:
        recipe = Recipe(self.initialiser, self.activation, train, self.batch_norm)
        pool = POOLINGS[self.pooling]
        x = pool()(recipe.conv(x, 6, 5, name="conv_0"))
        x = pool()(recipe.conv(x, 16, 5, name="conv_1"))
        x = flatten(x)  # 5 x 5 x 16 = 400
        x = Dropout(self.dropout, train)(recipe.dense(x, 120, name="hidden_0"))
        x = Dropout(self.dropout, train)(recipe.dense(x, 84, name="hidden_1"))
        return recipe.output(x, self.num_classes)
