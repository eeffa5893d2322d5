"""The layers that `forward` methods call, with initialisation by name."""

import math

import flax.linen as nn
import jax

from optviz.networks.initialisers import INITIALISERS


def dense(x: jax.Array, features: int, *, initialiser: str, name: str) -> jax.Array:
    """x W + b: (batch, inputs) -> (batch, features)."""
    init = INITIALISERS[initialiser](x.shape[-1], features)
    return nn.Dense(features, kernel_init=init.weights, bias_init=init.biases, name=name)(x)


def conv(
    x: jax.Array, features: int, size: int, *, initialiser: str, name: str, padding: str = "VALID"
) -> jax.Array:
    """A `size` x `size` convolution: (batch, h, w, channels) -> (batch, h', w', features)."""
    area = size * size
    init = INITIALISERS[initialiser](area * x.shape[-1], area * features)
    return nn.Conv(
        features,
        (size, size),
        padding=padding,
        kernel_init=init.weights,
        bias_init=init.biases,
        name=name,
    )(x)


def max_pool(x: jax.Array, size: int = 2) -> jax.Array:
    """The largest value of each `size` x `size` tile; h and w must be multiples of `size`.

    By reshaping: on a CPU the gradient of `reduce_window` makes a LeNet step a sixth slower.
    """
    batch, height, width, channels = x.shape
    tiles = x.reshape(batch, height // size, size, width // size, size, channels)
    return tiles.max(axis=(2, 4))


def flatten(x: jax.Array) -> jax.Array:
    """(batch, ...) -> (batch, values)."""
    return x.reshape(x.shape[0], math.prod(x.shape[1:]))
