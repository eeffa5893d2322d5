"""What training minimises. `LOSSES`: name -> function (logits, labels) -> loss of each example."""

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp


def cross_entropy(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """Softmax cross-entropy in nats.

    Args:
        logits: (batch, num_classes), before any softmax.
        labels: (batch,) int32, the index of the right class.

    Returns:
        (batch,) losses; ln(num_classes) where all classes look alike.
    """
    chosen = jnp.take_along_axis(logits, labels[:, None], axis=1)[:, 0]
    return jax.nn.logsumexp(logits, axis=1) - chosen


LOSSES: Mapping[str, Callable[[jax.Array, jax.Array], jax.Array]] = {"cross_entropy": cross_entropy}
