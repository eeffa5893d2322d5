"""The non-linearities between layers. `ACTIVATIONS`: name -> what it is."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp


class Activation(NamedTuple):
    """A function of one array, value by value.

    `dies`: a whole range of inputs gives exactly zero, with slope zero. A unit that is there for
    every image learns nothing any more.
    """

    function: Callable[[jax.Array], jax.Array]
    dies: bool = False

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.function(x)


ACTIVATIONS: Mapping[str, Activation] = {
    "relu": Activation(jax.nn.relu, dies=True),
    "tanh": Activation(jnp.tanh),
    "sigmoid": Activation(jax.nn.sigmoid),
    "leaky_relu": Activation(jax.nn.leaky_relu),  # slope 0.01 below zero
    "elu": Activation(jax.nn.elu),
    "identity": Activation(lambda x: x),
}
