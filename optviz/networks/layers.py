"""The layers that `forward` methods call, with initialisation by name."""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp

from optviz.networks.convolution import convolve
from optviz.networks.initialisers import INITIALISERS, LayerInit


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
    return _Conv(features, size, padding, init, name=name)(x)


class _Conv(nn.Module):
    """flax's own layer, but for the form of the convolution."""

    features: int
    size: int
    padding: str
    start: LayerInit

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        shape = (self.size, self.size, x.shape[-1], self.features)
        kernel = self.param("kernel", self.start.weights, shape, jnp.float32)
        bias = self.param("bias", self.start.biases, (self.features,), jnp.float32)
        return convolve(x, kernel, self.padding) + bias.reshape(1, 1, 1, -1)


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
