"""What training minimises. `LOSSES`: name -> the loss of each example."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, Int32

Logits = Float[Array, "batch classes"]  # before any softmax
Labels = Int32[Array, " batch"]  # index of the right class
Smoothing = Float[ArrayLike, ""]  # in [0, 1)
Losses = Float[Array, " batch"]


class Loss(NamedTuple):
    """A loss of the logits.

    Attributes:
        label: what it is called.
        function: (logits, labels, smoothing) -> losses.
        smooths: whether labels can be smoothed; where not, `function` ignores `smoothing`.
    """

    label: str
    function: Callable[[Logits, Labels, Smoothing], Losses]
    smooths: bool


def cross_entropy(logits: Logits, labels: Labels, smoothing: Smoothing = 0.0) -> Losses:
    """Softmax cross-entropy in nats; ln(num_classes) where all classes look alike.

    The target is 1 − smoothing for the right class, and `smoothing` is spread over all classes
    evenly: Szegedy et al. 2016, https://arxiv.org/abs/1512.00567
    """
    s = jnp.asarray(smoothing, logits.dtype)
    target = (1 - s) * _chosen(logits, labels) + s * logits.mean(axis=1)
    return jax.nn.logsumexp(logits, axis=1) - target


def hinge(logits: Logits, labels: Labels, smoothing: Smoothing = 0.0) -> Losses:
    """Σ over the wrong classes of max(0, logit − right logit + 1).

    Reference: Weston & Watkins 1999, "Support vector machines for multi-class pattern recognition"
    """
    margins = jax.nn.relu(logits - _chosen(logits, labels)[:, None] + 1)
    return margins.sum(axis=1) - 1  # the right class counts itself with its margin of 1


def squared_error(logits: Logits, labels: Labels, smoothing: Smoothing = 0.0) -> Losses:
    """Mean over the classes of (logit − target)², where the target is 1 for the right class."""
    s = jnp.asarray(smoothing, logits.dtype)
    count = logits.shape[1]
    target = (1 - s) * jax.nn.one_hot(labels, count, dtype=logits.dtype) + s / count
    return jnp.square(logits - target).mean(axis=1)


def _chosen(logits: Logits, labels: Labels) -> Losses:
    """Logits of the right classes."""
    return jnp.take_along_axis(logits, labels[:, None], axis=1)[:, 0]


LOSSES: Mapping[str, Loss] = {
    "cross_entropy": Loss("Cross-entropy", cross_entropy, smooths=True),
    "hinge": Loss("Multiclass hinge", hinge, smooths=False),
    "squared_error": Loss("Squared error", squared_error, smooths=True),
}
