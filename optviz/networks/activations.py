"""The non-linearities between layers. `ACTIVATIONS`: name -> function of one array."""

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp

ACTIVATIONS: Mapping[str, Callable[[jax.Array], jax.Array]] = {
    "relu": jax.nn.relu,
    "tanh": jnp.tanh,
    "sigmoid": jax.nn.sigmoid,
    "leaky_relu": jax.nn.leaky_relu,  # slope 0.01 below zero
    "elu": jax.nn.elu,
    "identity": lambda x: x,
}
