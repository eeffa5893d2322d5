"""What a network makes of a batch: images looked up, augmented and judged, as programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float32, Int32

from optviz.data.augmentation import mirrored, shifted
from optviz.engine.machine.cpu_compiler import compiled
from optviz.engine.training.data import Batch, Images
from optviz.networks.base import Network, Params, Stats
from optviz.networks.convolution import DIRECT, convolutions_as
from optviz.networks.losses import LOSSES

if TYPE_CHECKING:
    from optviz.specs.training import Training


class Totals(NamedTuple):
    """Sums over images, to be divided by their number; one of each a run where runs are stacked."""

    loss: Float32[Array, "*runs"]
    correct: Float32[Array, "*runs"]
    images: Float32[Array, "*runs"]

    @classmethod
    def zero(cls) -> Totals:
        return cls(*(jnp.zeros((), jnp.float32) for _ in cls._fields))


class Recipe(NamedTuple):
    """What of a training's settings decides the program; the names are those of `Training`."""

    loss: str
    reduction: str
    decay_on: str
    flip: bool
    crop: int
    precision: str
    convolution: str = DIRECT  # one of `FORMS`; no setting, but what is quicker

    @classmethod
    def of(cls, spec: Training) -> Recipe:
        return cls(*(getattr(spec, name) for name in cls._fields if name != "convolution"))

    def of_gradient(self) -> Recipe:
        """The same with what decides the update alone at one value: it compiles no gradient."""
        return self._replace(reduction="mean", decay_on="all")

    def of_evaluation(self) -> Recipe:
        """The same with what decides the training alone at one value: it compiles no evaluation."""
        return self.of_gradient()._replace(flip=False, crop=0)


class Strengths(NamedTuple):
    """What of them is a number to the program: another one compiles nothing."""

    label_smoothing: jax.Array  # (), each
    l2: jax.Array
    weight_decay: jax.Array

    @classmethod
    def of(cls, spec: Training) -> Strengths:
        values: Any = [np.float32(getattr(spec, name)) for name in cls._fields]
        return cls(*values)


class Task(NamedTuple):
    """What is learned in one step."""

    network: Network
    images: Images
    batch: Batch
    strengths: Strengths


def mean_loss(
    params: Params, stats: Stats, task: Task, number: jax.Array, key: jax.Array, recipe: Recipe
) -> tuple[jax.Array, tuple[Stats, Totals]]:
    """Mean loss over the images of the batch that count."""
    x, y = _look_up(task.images, task.batch.chosen)
    _, network_key, image_key = keys(key, number)
    if recipe.flip:
        x = mirrored(x, jax.random.fold_in(image_key, 0))
    if recipe.crop:
        x = shifted(x, jax.random.fold_in(image_key, 1), recipe.crop)
    counts = (jnp.arange(y.size, dtype=jnp.int32) < task.batch.size).astype(jnp.float32)
    logits, stats = _apply(task.network, params, stats, x, True, network_key, recipe, counts)
    totals = _totals(logits, y, counts, recipe, task.strengths.label_smoothing)
    return totals.loss / totals.images, (stats, totals)


def _apply(
    network: Network,
    params: Params,
    stats: Stats,
    x: jax.Array,
    train: bool,
    key: jax.Array,
    recipe: Recipe,
    counts: jax.Array | None = None,
) -> tuple[jax.Array, Stats]:
    """The network in the recipe's precision; logits are float32."""
    dtype = jnp.dtype(recipe.precision)
    params = jax.tree.map(lambda w: w.astype(dtype), params)
    with convolutions_as(recipe.convolution):
        logits, stats = network.apply(params, stats, x.astype(dtype), train, key, counts)
    return logits.astype(jnp.float32), stats


def keys(key: jax.Array, number: jax.Array) -> jax.Array:
    """Random keys of a step: the rule's, the network's and the images'."""
    return jax.random.split(jax.random.fold_in(key, number), 3)


def _look_up(
    images: Images, index: Int32[ArrayLike, " batch"]
) -> tuple[Float32[Array, "batch height width channels"], Int32[Array, " batch"]]:
    """The chosen images, normalised, and their labels."""
    x = (images.x[index].astype(jnp.float32) - images.mean) / images.std
    return x, images.y[index].astype(jnp.int32)


def _totals(
    logits: Float32[Array, "images classes"],
    y: Int32[Array, " images"],
    counts: Float32[Array, " images"],
    recipe: Recipe,
    smoothing: Float32[Array, ""],
) -> Totals:
    """Sums over the images whose `counts` is 1, not 0."""
    correct = (jnp.argmax(logits, axis=1) == y).astype(jnp.float32)
    losses = LOSSES[recipe.loss].function(logits, y, smoothing)
    return Totals(jnp.sum(losses * counts), jnp.sum(correct * counts), jnp.sum(counts))


@jax.jit
def add(totals: Totals, more: Totals) -> Totals:
    """Sums over more images."""
    return Totals(*map(jnp.add, totals, more))


def compiled_evaluation(network: Network) -> jax.stages.Wrapped:
    """`evaluate_block` as a program."""
    return compiled(evaluate_block, network.cpu_library, "recipe", "size")


def evaluate_block(
    network: Network,
    params: Params,
    stats: Stats,
    images: Images,
    start: jax.Array,
    end: jax.Array,
    recipe: Recipe,
    size: int,
) -> Totals:
    """Sums over `size` images from `start` on; those from `end` on do not count.

    As PyTorch's users do, the loss is without label smoothing.
    """
    position = start + jnp.arange(size, dtype=jnp.int32)
    index = jnp.minimum(position, end - 1)
    counts = (position < end).astype(jnp.float32)
    x, y = _look_up(images, index)
    logits, _ = _apply(network, params, stats, x, False, jax.random.key(0), recipe)
    return _totals(logits, y, counts, recipe, jnp.zeros((), jnp.float32))


@jax.jit
def dead_shares(
    network: Network, params: Params, stats: Stats, images: Images, batch: Batch
) -> dict[str, jax.Array]:
    """By layer, the share of units that are zero on every image of a batch."""
    x, _ = _look_up(images, batch.chosen)
    return network.dead_units(params, stats, x)
