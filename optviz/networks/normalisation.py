"""Batch normalisation as arithmetic: moments over the batch, and what is done with them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import jax
import jax.numpy as jnp
import numpy as np

MOMENTUM = 0.1  # weight of the newest batch in the running averages, as PyTorch counts it
EPS = 1e-5

_counts: ContextVar[jax.Array | None] = ContextVar("counts", default=None)


@contextmanager
def counting(counts: jax.Array | None) -> Iterator[None]:
    """Trace moments over those images of a batch whose `counts` (batch,) is 1, not 0; None: all.

    A short batch is filled up, so that one program serves all; what fills it is not part of it.
    """
    token = _counts.set(counts)
    try:
        yield
    finally:
        _counts.reset(token)


def moments(x: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Mean and biased variance of each channel, and of how many values: (..., c) -> (c,), (c,), ().

    Over all images of the batch, or those that count (see `counting`). In float32 at least: sums
    over a batch would not survive bfloat16.
    """
    dtype = np.promote_types(x.dtype, np.float32)
    x = x.astype(dtype)
    axes = tuple(range(x.ndim - 1))
    counts = _counts.get()
    if counts is None:
        mean = x.mean(axes, keepdims=True)
        count = jnp.asarray(x.size // x.shape[-1], dtype)
        return mean.reshape(-1), jnp.square(x - mean).mean(axes), count
    weight = counts.astype(dtype).reshape(-1, 1)
    count = weight.sum() * math.prod(x.shape[1:-1])

    def mean_of(values: jax.Array) -> jax.Array:
        by_image = values.sum(axes[1:])  # first, so that few numbers are weighted
        return (by_image * weight).sum(0) / count

    mean = mean_of(x)
    return mean, mean_of(jnp.square(x - mean.reshape((1,) * (x.ndim - 1) + (-1,)))), count


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
