"""Convolutions of images with few channels, in the form that a CPU does quickly."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

FEW = 16  # channels; from here on the plain form is as quick


def output_size(size: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    """(N − F + 2P) / S + 1, rounded down: the side of what a convolution makes of a side N."""
    return (size - kernel + 2 * padding) // stride + 1


def convolve(x: jax.Array, kernel: jax.Array, stride: int = 1, padding: int = 0) -> jax.Array:
    """Cross-correlation: (batch, h, w, c), (k, k, c, features) -> (batch, h', w', features).

    XLA's CPU convolution needs many channels to be quick; a colour image has three. There, tiles
    of 2x2 pixels become 4c channels, and the kernel at its four places in a tile makes 4 features
    of each: more multiplications, many of them with zero, in half the time for a step of LeNet.
    The values are the same but for the order of summation.
    """
    size = kernel.shape[0]
    outputs = [output_size(side, size, stride, padding) for side in x.shape[1:3]]
    inputs = [side + 2 * padding for side in x.shape[1:3]]
    odd = any(side % 2 for side in (*inputs, *outputs))
    if x.shape[3] >= FEW or odd or stride > 1:
        return _plain(x, kernel, stride, padding)

    def tiled(x: jax.Array, kernel: jax.Array) -> jax.Array:
        return _tiled(jnp.pad(x, ((0, 0), (padding,) * 2, (padding,) * 2, (0, 0))), kernel)

    def plain(x: jax.Array, kernel: jax.Array) -> jax.Array:
        return _plain(x, kernel, stride, padding)

    return lax.platform_dependent(x, kernel, cpu=tiled, default=plain)


def _plain(x: jax.Array, kernel: jax.Array, stride: int = 1, padding: int = 0) -> jax.Array:
    dimensions = ("NHWC", "HWIO", "NHWC")
    sides = [(padding, padding)] * 2
    return lax.conv_general_dilated(
        x, kernel, (stride, stride), sides, dimension_numbers=dimensions
    )


def _tiled(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """The same on tiles of 2x2 pixels; sides before and after must be even."""
    size, _, channels, features = kernel.shape
    tiles = -(-(size + 1) // 2)  # that the kernel may touch
    room = 2 * tiles - size
    places = [
        jnp.pad(kernel, ((down, room - down), (right, room - right), (0, 0), (0, 0)))
        for down in (0, 1)
        for right in (0, 1)
    ]
    kernels = jnp.stack(places, axis=3).reshape(tiles, 2, tiles, 2, channels, 4 * features)
    kernels = kernels.transpose(0, 2, 1, 3, 4, 5).reshape(tiles, tiles, 4 * channels, 4 * features)

    batch, height, width, _ = x.shape
    x = x.reshape(batch, height // 2, 2, width // 2, 2, channels).transpose(0, 1, 3, 2, 4, 5)
    y = _plain(x.reshape(batch, height // 2, width // 2, 4 * channels), kernels)

    _, height, width, _ = y.shape
    y = y.reshape(batch, height, width, 2, 2, features).transpose(0, 1, 3, 2, 4, 5)
    return y.reshape(batch, 2 * height, 2 * width, features)
