"""Random changes of training images that leave their class alone, on the device."""

import jax
import jax.numpy as jnp


def mirrored(x: jax.Array, key: jax.Array) -> jax.Array:
    """Images (batch, h, w, c), each left for right with probability 1/2."""
    turn = jax.random.bernoulli(key, shape=(x.shape[0], 1, 1, 1))
    return jnp.where(turn, x[:, :, ::-1], x)


def shifted(x: jax.Array, key: jax.Array, most: int) -> jax.Array:
    """Images (batch, h, w, c), each moved by up to `most` pixels down and right or up and left.

    The same as padding by `most` reflected pixels and cropping at random.
    """
    height, width = x.shape[1:3]
    moves = jax.random.randint(key, (x.shape[0], 2), -most, most + 1, jnp.int32)
    rows = _reflected(jnp.arange(height, dtype=jnp.int32)[None] + moves[:, :1], height)
    columns = _reflected(jnp.arange(width, dtype=jnp.int32)[None] + moves[:, 1:], width)
    return jax.vmap(lambda image, row, column: image[row][:, column])(x, rows, columns)


def _reflected(index: jax.Array, size: int) -> jax.Array:
    """An index that runs over an end is turned back there; the pixel at the end is not doubled."""
    return size - 1 - jnp.abs(size - 1 - jnp.abs(index))
