"""The layers that networks are made of. Each says what kind it is and what it costs."""

from __future__ import annotations

import math
from typing import ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from optviz.networks.activations import ACTIVATIONS
from optviz.networks.convolution import convolve
from optviz.networks.initialisers import LayerInit
from optviz.networks.normalisation import blend, moments, normalise

Shape = tuple[int, ...]
UNITS, DEAD = "intermediates", "dead"  # flax's collection of what is only looked at; its entry


class Layer(nn.Module):
    """A flax module that knows its cost."""

    kind: ClassVar[str]

    def flops(self, inputs: Shape, outputs: Shape) -> int:
        """Floating-point operations of the forward pass in test, a multiply-add counted as two.

        Args:
            inputs, outputs: shapes for one image, without the batch.
        """
        raise NotImplementedError

    def flops_on_padding(self, inputs: Shape, outputs: Shape) -> int:
        """Those of `flops` that multiply padded zeros."""
        return 0


class Dense(Layer):
    """x W + b: (batch, inputs) -> (batch, features)."""

    kind: ClassVar[str] = "fully connected"
    features: int
    start: LayerInit
    use_bias: bool = True

    def flops(self, inputs: Shape, outputs: Shape) -> int:
        return 2 * inputs[-1] * self.features + self.use_bias * self.features

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        shape = (x.shape[-1], self.features)
        x = x @ self.param("kernel", self.start.weights, shape, jnp.float32)
        if not self.use_bias:
            return x
        bias = self.param("bias", self.start.biases, (self.features,), jnp.float32)
        return x + bias.reshape(1, -1)


class Conv(Layer):
    """A `size` x `size` convolution: (batch, h, w, channels) -> (batch, h', w', features)."""

    kind: ClassVar[str] = "convolution"
    features: int
    size: int
    start: LayerInit
    stride: int = 1
    padding: int = 0  # rows and columns of zeros on each side
    use_bias: bool = True

    def flops(self, inputs: Shape, outputs: Shape) -> int:
        """2 F² D₁ · H' W' D₂: products with padded zeros count, as in the textbook formula."""
        one = 2 * self.size**2 * inputs[-1] + self.use_bias
        return one * math.prod(outputs)

    def flops_on_padding(self, inputs: Shape, outputs: Shape) -> int:
        within = [
            self._products_within(*sides) for sides in zip(inputs[:2], outputs[:2], strict=True)
        ]
        everywhere = self.size**2 * math.prod(outputs[:2])
        return 2 * inputs[-1] * self.features * (everywhere - math.prod(within))

    def _products_within(self, side: int, outputs: int) -> int:
        """How many (output, kernel element) pairs along one side look at the image."""
        first = (index * self.stride - self.padding for index in range(outputs))
        return sum(min(low + self.size, side) - max(low, 0) for low in first)

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        shape = (self.size, self.size, x.shape[-1], self.features)
        kernel = self.param("kernel", self.start.weights, shape, jnp.float32)
        x = convolve(x, kernel, self.stride, self.padding)
        if not self.use_bias:
            return x
        bias = self.param("bias", self.start.biases, (self.features,), jnp.float32)
        return x + bias.reshape(1, 1, 1, -1)


class BatchNorm(Layer):
    """Zero mean and unit spread of every channel (the last axis), then a scale and a bias.

    In training mean and variance are the batch's, over its images and positions; running averages
    of them, with Bessel's correction of the variance as PyTorch has it, serve the test.

    Reference: Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167
    """

    kind: ClassVar[str] = "batch norm"
    train: bool

    def flops(self, inputs: Shape, outputs: Shape) -> int:
        return 3 * math.prod(outputs)  # a difference, a product and a sum

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        shape = x.shape[-1:]
        scale = self.param("scale", nn.initializers.ones, shape, jnp.float32)
        bias = self.param("bias", nn.initializers.zeros, shape, jnp.float32)
        mean = self.variable("batch_stats", "mean", jnp.zeros, shape, jnp.float32)
        variance = self.variable("batch_stats", "variance", jnp.ones, shape, jnp.float32)
        if not self.train:
            return normalise(x, mean.value, variance.value, scale, bias)
        batch_mean, batch_variance, count = moments(x)
        mean.value = blend(mean.value, batch_mean)
        unbiased = batch_variance * (count / jnp.maximum(count - 1, 1))
        variance.value = blend(variance.value, unbiased)
        return normalise(x, batch_mean, batch_variance, scale, bias)


class Activate(Layer):
    """A non-linearity; one that can die tells which share of its units is dead, when asked."""

    kind: ClassVar[str] = "activation"
    activation: str

    def flops(self, inputs: Shape, outputs: Shape) -> int:
        return math.prod(outputs)  # one a value, whatever the function

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        activation = ACTIVATIONS[self.activation]
        x = activation(x)
        if activation.dies and self.is_mutable_collection(UNITS):
            silent = (x == 0).all(axis=tuple(range(x.ndim - 1)))
            self.put_variable(UNITS, DEAD, silent.astype(jnp.float32).mean())
        return x


class Dropout(Layer):
    """In training each value is zero with probability `rate`, the others grow by 1/(1 − rate).

    The rate is traced, and at 0 no random number is drawn.

    Reference: Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html
    """

    kind: ClassVar[str] = "dropout"
    rate: jax.typing.ArrayLike
    train: bool

    def flops(self, inputs: Shape, outputs: Shape) -> int:
        return 0  # it is there in training only

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        if not self.train:
            return x
        keep = 1 - jnp.asarray(self.rate, jnp.float32)
        key = self.make_rng("dropout")

        def factors() -> jax.Array:
            kept = jax.random.bernoulli(key, keep, x.shape)
            return (kept.astype(jnp.float32) / keep).astype(x.dtype)

        return x * jax.lax.cond(keep < 1, factors, lambda: jnp.ones_like(x))


class MaxPool(Layer):
    """The largest value of each `size` x `size` tile; h and w must be multiples of `size`.

    By reshaping: on a CPU the gradient of `reduce_window` makes a LeNet step a sixth slower.
    """

    kind: ClassVar[str] = "max pooling"
    size: int = 2

    def flops(self, inputs: Shape, outputs: Shape) -> int:
        return (self.size**2 - 1) * math.prod(outputs)  # comparisons

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return _tiles(x, self.size).max(axis=(2, 4))


class AveragePool(Layer):
    """The mean of each `size` x `size` tile; h and w must be multiples of `size`."""

    kind: ClassVar[str] = "average pooling"
    size: int = 2

    def flops(self, inputs: Shape, outputs: Shape) -> int:
        return self.size**2 * math.prod(outputs)  # sums and a division

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return _tiles(x, self.size).mean(axis=(2, 4))


class GlobalAveragePool(Layer):
    """The mean of each channel over all positions: (batch, h, w, c) -> (batch, c)."""

    kind: ClassVar[str] = "global average pooling"

    def flops(self, inputs: Shape, outputs: Shape) -> int:
        return math.prod(inputs)

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return x.mean(axis=(1, 2))


class Add(Layer):
    """A branch joins its shortcut."""

    kind: ClassVar[str] = "sum"

    def flops(self, inputs: Shape, outputs: Shape) -> int:
        return math.prod(outputs)

    @nn.compact
    def __call__(self, x: jax.Array, shortcut: jax.Array) -> jax.Array:
        return x + shortcut


def _tiles(x: jax.Array, size: int) -> jax.Array:
    batch, height, width, channels = x.shape
    return x.reshape(batch, height // size, size, width // size, size, channels)


def flatten(x: jax.Array) -> jax.Array:
    """(batch, ...) -> (batch, values)."""
    return x.reshape(x.shape[0], math.prod(x.shape[1:]))
