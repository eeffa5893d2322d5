"""Batch normalisation as arithmetic: moments over the batch, and what is done with them."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

MOMENTUM = 0.1  # weight of the newest batch in the running averages, as PyTorch counts it
EPS = 1e-5


def moments(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Mean and biased variance of each channel: (..., c) -> (c,), (c,).

    In float32 at least: sums over a batch would not survive bfloat16.
    """
    x = x.astype(np.promote_types(x.dtype, np.float32))
    axes = tuple(range(x.ndim - 1))
    mean = x.mean(axes, keepdims=True)
    return mean.reshape(-1), jnp.square(x - mean).mean(axes)


def normalise(
    x: jax.Array, mean: jax.Array, variance: jax.Array, scale: jax.Array, bias: jax.Array
) -> jax.Array:
    """(x − mean) / √(variance + ε) · scale + bias, each per channel."""
    dtype = np.promote_types(x.dtype, np.float32)
    row = (1,) * (x.ndim - 1) + (-1,)
    mean, variance, scale, bias = (
        value.astype(dtype).reshape(row) for value in (mean, variance, scale, bias)
    )
    factor = scale * jax.lax.rsqrt(variance + EPS)
    return ((x.astype(dtype) - mean) * factor + bias).astype(x.dtype)


def blend(running: jax.Array, batch: jax.Array) -> jax.Array:
    """The running average after one more batch."""
    return (1 - MOMENTUM) * running + MOMENTUM * jax.lax.stop_gradient(batch).astype(running.dtype)
