"""LeNet: two convolutions with pooling, then three fully connected layers."""

from typing import ClassVar

import jax

from optviz.catalog import entry, switch
from optviz.networks.activations import ACTIVATIONS
from optviz.networks.base import Network
from optviz.networks.initialisers import INITIALISERS
from optviz.networks.layers import conv, dense, flatten, max_pool


@entry
class LeNet(Network):
    """LeNet-5 for colour images: 5x5 convolutions with 6 and 16 filters, then 120, 84 and 10 units.

    As in today's tutorials it has ReLU and max-pooling where the paper has scaled tanh, trainable
    average pooling and radial basis functions. 62,006 parameters.

    Reference: LeCun et al. 1998, https://doi.org/10.1109/5.726791
    """

    name: ClassVar[str] = "lenet"
    label: ClassVar[str] = "LeNet"

    activation: str = switch("relu", options=tuple(ACTIVATIONS), help="Non-linearity.")
    initialiser: str = switch("pytorch", options=tuple(INITIALISERS), help="How weights start.")

    def forward(self, x: jax.Array, train: bool) -> jax.Array:
        activation, start = ACTIVATIONS[self.activation], self.initialiser
        x = max_pool(activation(conv(x, 6, 5, initialiser=start, name="conv_0")))
        x = max_pool(activation(conv(x, 16, 5, initialiser=start, name="conv_1")))
        x = flatten(x)  # 5 x 5 x 16 = 400
        x = activation(dense(x, 120, initialiser=start, name="hidden_0"))
        x = activation(dense(x, 84, initialiser=start, name="hidden_1"))
        return dense(x, self.num_classes, initialiser=start, name="output")
