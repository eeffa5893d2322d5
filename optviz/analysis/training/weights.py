"""What a trained network has in its weights, and what it gets wrong, as arrays of pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from optviz.data.base import Data
from optviz.engine.machine.precision import cast
from optviz.engine.training import programs, snapshots
from optviz.engine.training.data import Images, split
from optviz.engine.training.snapshots import Snapshot
from optviz.networks.base import Network, Params, Stats
from optviz.specs.training import Training

BLOCK = 500  # images that go through the network at once


class Weights(NamedTuple):
    """A network's parameters and statistics, nested by layer, on the host."""

    params: Params
    stats: Stats


def params_of(spec: Training, snapshot: Snapshot) -> Weights:
    """The weights of a snapshot: those that the rule is judged by, such as an average.

    Args:
        spec: the member's.
        snapshot: of that member.

    Raises:
        ValueError: the snapshot is of another network or rule.
    """
    with jax.enable_x64(False):
        run = spec.resolved()
        network, optimizer = cast(spec.network, "float32"), cast(run.optimizer, "float32")

        def begin() -> programs.Carry:
            return programs.initial(optimizer, *network.init(jax.random.key(0)))

        like = jax.eval_shape(begin)
        stored = jax.eval_shape(lambda: jax.tree.map(_stored, begin()))
        paths, _ = jax.tree_util.tree_flatten_with_path(stored)
        shapes: Any = {jax.tree_util.keystr(path): leaf for path, leaf in paths}
        snapshots.check(snapshot, spec, shapes)
        carry = snapshots.from_arrays(snapshot.arrays, like)
        return jax.device_get(Weights(programs.answer(optimizer, carry), carry.stats))


def _stored(leaf: jax.Array) -> jax.Array:
    """A leaf as snapshots have it."""
    return jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf


def first_filters(params: Params) -> np.ndarray | None:
    """(filters, h, w, 3) of the convolution that sees the colours; None: there is none."""
    for kernel in jax.tree.leaves(params):
        if kernel.ndim == 4 and kernel.shape[2] == 3:
            return np.moveaxis(np.asarray(kernel), 3, 0)
    return None


def templates(params: Params, count: int | None = None) -> np.ndarray | None:
    """What the units of a layer that sees the pixels look for: of a linear classifier the classes.

    Args:
        params: of the network.
        count: the first so many units; None: all.

    Returns:
        (units, 32, 32, 3), or None where a convolution sees the pixels.
    """
    arrays = jax.tree.leaves(params)
    if any(array.ndim == 4 for array in arrays):
        return None
    pixels = math.prod(Network.input_shape)
    for kernel in arrays:
        if kernel.ndim == 2 and kernel.shape[0] == pixels:
            return np.asarray(kernel)[:, :count].T.reshape(-1, *Network.input_shape)
    return None


@dataclass(frozen=True)
class Predictions:
    """What a network says about its validation images.

    Attributes:
        images: (N, 32, 32, 3) uint8, as stored.
        true: (N,) the right classes.
        probabilities: (N, classes) softmax of the logits; NaN where they are not finite.
        class_names: of the classes.
    """

    images: np.ndarray
    true: np.ndarray
    probabilities: np.ndarray
    class_names: tuple[str, ...]

    @property
    def predicted(self) -> np.ndarray:
        """(N,) the most probable classes; without any number the first, as in training."""
        return np.argmax(self.probabilities, axis=1)


def predict(spec: Training, data: Data, params: Params, stats: Stats) -> Predictions:
    """Let a network look at the images that the training validates with.

    Args:
        spec: the member's.
        data: the images of `spec`.
        params, stats: of the network.
    """
    with jax.enable_x64(False):
        images = split(data, spec).validation
        network, count = cast(spec.network, "float32"), images.y.size
        size = min(BLOCK, count)
        blocks = [
            _probabilities(
                network, params, stats, images, np.int32(first), spec.precision, size=size
            )
            for first in range(0, count, size)
        ]
        probabilities = np.concatenate(jax.device_get(blocks))[:count]
        return Predictions(
            np.asarray(images.x), np.asarray(images.y), probabilities, tuple(data.class_names)
        )


@partial(jax.jit, static_argnames=("precision", "size"))
def _probabilities(
    network: Network,
    params: Params,
    stats: Stats,
    images: Images,
    start: jax.Array,
    precision: str,
    size: int,
) -> jax.Array:
    """(size, classes) for the images from `start` on; past the last image, the last again."""
    index = jnp.minimum(start + jnp.arange(size, dtype=jnp.int32), images.y.size - 1)
    x = (images.x[index].astype(jnp.float32) - images.mean) / images.std
    dtype = jnp.dtype(precision)
    params = jax.tree.map(lambda w: w.astype(dtype), params)
    logits, _ = network.apply(params, stats, x.astype(dtype), False, jax.random.key(0))
    return jax.nn.softmax(logits.astype(jnp.float32))


class Misclassified(NamedTuple):
    """Images that a network gets wrong, the surest mistake first."""

    images: np.ndarray  # (count, 32, 32, 3) uint8
    true: np.ndarray  # (count,) classes
    predicted: np.ndarray  # (count,) classes
    confidence: np.ndarray  # (count,) probability of the wrong class


def misclassified(predictions: Predictions, count: int) -> Misclassified:
    """At most `count` images; those without a finite probability come last."""
    predicted = predictions.predicted
    wrong = np.flatnonzero(predicted != predictions.true)
    confidence = predictions.probabilities[wrong, predicted[wrong]]
    order = np.argsort(-confidence, kind="stable")[:count]  # NaN comes last
    chosen = wrong[order]
    return Misclassified(
        predictions.images[chosen], predictions.true[chosen], predicted[chosen], confidence[order]
    )


def confusion(predictions: Predictions) -> np.ndarray:
    """(classes, classes) counts: row the right class, column the predicted one."""
    classes = predictions.probabilities.shape[1]
    pairs = predictions.true.astype(int) * classes + predictions.predicted
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)
