"""The multilayer perceptron: fully connected layers with a non-linearity after each."""

import re
from dataclasses import replace
from typing import ClassVar

import jax

from optviz.catalog import entry, knob, switch
from optviz.networks.activations import ACTIVATIONS
from optviz.networks.base import Network
from optviz.networks.initialisers import INITIALISERS
from optviz.networks.layers import Dropout, flatten
from optviz.networks.recipe import Recipe

MAX_WIDTH = 4096
MAX_LAYERS = 32


@entry
class MLP(Network):
    r"""Fully connected layers, each followed by a non-linearity $\phi$.

    $$h_0 = x, \qquad h_k = \phi_k(h_{k-1} W_k + b_k), \qquad \text{logits} = h_K W + b$$

    `hidden` lists the widths from the input on; a width may name its own activation, as in
    `256-128tanh`. 820,874 parameters as it stands.

    Reference: Rumelhart, Hinton & Williams 1986, https://doi.org/10.1038/323533a0
    """

    name: ClassVar[str] = "mlp"
    label: ClassVar[str] = "Multilayer perceptron"

    hidden: str = switch("256-128", help="Widths of the hidden layers, such as 256-128tanh.")
    activation: str = switch(
        "relu", options=tuple(ACTIVATIONS), help="Non-linearity of layers that name none."
    )
    initialiser: str = switch("pytorch", options=tuple(INITIALISERS), help="How weights start.")
    batch_norm: bool = switch(False, help="Normalise in front of each non-linearity.")
    dropout: float = knob(
        0.0, domain=(0, 1), typical=(0, 0.8), help="Share of hidden units left out in training."
    )

    def layers(self) -> list[tuple[int, str]]:
        """Width and activation of each hidden layer.

        Raises:
            ValueError: `hidden` is not a list of widths.
        """
        parts = self.hidden.split("-") if self.hidden else []
        found = [re.fullmatch(r"([0-9]{1,4})([a-z_]*)", part) for part in parts]
        layers = [(int(m[1]), m[2] or self.activation) for m in found if m]
        sound = all(1 <= width <= MAX_WIDTH and name in ACTIVATIONS for width, name in layers)
        if len(layers) != len(parts) or len(parts) > MAX_LAYERS or not sound:
            raise ValueError(
                f"MLP.hidden must be up to {MAX_LAYERS} widths in 1..{MAX_WIDTH} joined by '-', "
                f"each with an optional activation ({', '.join(ACTIVATIONS)}), got {self.hidden!r}"
            )
        return layers

    def check(self) -> None:
        self.layers()

    def forward(self, x: jax.Array, train: bool) -> jax.Array:
        x = flatten(x)
        recipe = Recipe(self.initialiser, self.activation, train, self.batch_norm)
        for index, (width, activation) in enumerate(self.layers()):
            unit = replace(recipe, activation=activation)
            x = Dropout(self.dropout, train)(unit.dense(x, width, name=f"hidden_{index}"))
        return recipe.output(x, self.num_classes)
