"""What training minimises. `LOSSES`: key -> Loss."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp


class Loss(NamedTuple):
    """A loss of single examples."""

    label: str
    function: Callable[[jax.Array, jax.Array, jax.Array], jax.Array]
    smooths: bool  # whether label smoothing has a meaning


def cross_entropy(logits: jax.Array, labels: jax.Array, smoothing: jax.Array) -> jax.Array:
    chosen = jnp.take_along_axis(logits, labels[:, None], axis=1)[:, 0]
    even = jnp.mean(logits, axis=1)
    return jax.nn.logsumexp(logits, axis=1) - (1 - smoothing) * chosen - smoothing * even


LOSSES: Mapping[str, Loss] = {
    "cross_entropy": Loss("Softmax cross-entropy", cross_entropy, True),
}
