"""Norms of pytrees, for the rules whose step depends on the length of the whole gradient."""

from __future__ import annotations

from functools import reduce

import jax
import jax.numpy as jnp

from optviz.optimizers.base import Params


def squared_norm(tree: Params) -> jax.Array:
    """Sum of the squares of all numbers in a tree: ()."""
    return reduce(jnp.add, [jnp.sum(leaf**2) for leaf in jax.tree.leaves(tree)])


def rms(leaf: jax.Array) -> jax.Array:
    """Root of the mean square of the numbers in one array: ()."""
    return jnp.sqrt(jnp.mean(leaf**2))
