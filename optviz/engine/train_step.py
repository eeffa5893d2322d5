"""The compiled pieces of a training: gradient, update, one block of validation.

Each is one module-level `jit`. Entries come in as pytrees: their switches are part of what is
compiled, their knobs are traced, so that another learning rate, seed or schedule compiles nothing.
There is no loop around convolutions here: XLA runs them many times slower inside one on a CPU
(https://github.com/jax-ml/jax/issues/12868). The engine loops in Python.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from optviz.data.augmentation import mirrored, shifted
from optviz.engine.train_data import Batch, Images
from optviz.networks.base import Network, Params, Stats
from optviz.networks.convolution import DIRECT, convolutions_as
from optviz.networks.losses import LOSSES
from optviz.optimizers.base import Optimizer, StepContext

if TYPE_CHECKING:
    from optviz.specs.train import TrainSpec


class Totals(NamedTuple):
    """Sums over images, to be divided by their number."""

    loss: jax.Array  # () float32
    correct: jax.Array  # () float32
    images: jax.Array  # () float32

    @classmethod
    def zero(cls) -> Totals:
        return cls(*(jnp.zeros((), jnp.float32) for _ in cls._fields))


class Recipe(NamedTuple):
    """What of a training's settings decides the program; the names are those of `TrainSpec`."""

    loss: str
    reduction: str
    decay_on: str
    flip: bool
    crop: int
    precision: str
    convolution: str = DIRECT  # one of `FORMS`; no setting, but what is quicker

    @classmethod
    def of(cls, spec: TrainSpec) -> Recipe:
        return cls(*(getattr(spec, name) for name in cls._fields if name != "convolution"))


class Strengths(NamedTuple):
    """What of them is a number to the program: another one compiles nothing."""

    label_smoothing: jax.Array  # (), each
    l2: jax.Array
    weight_decay: jax.Array

    @classmethod
    def of(cls, spec: TrainSpec) -> Strengths:
        values: Any = [np.float32(getattr(spec, name)) for name in cls._fields]
        return cls(*values)


class Task(NamedTuple):
    """What is learned in one step."""

    network: Network
    images: Images
    batch: Batch
    strengths: Strengths


class Gradient(NamedTuple):
    """What one look at a batch finds."""

    loss: jax.Array  # () mean over the batch
    grads: Params
    stats: Stats  # the network's next ones
    totals: Totals  # of this batch


class Measures(NamedTuple):
    """What one step shows of itself."""

    loss: jax.Array  # () mean over the batch, before the update
    grad_norm: jax.Array  # () Euclidean norm over all parameters, of the data's loss alone
    update_ratios: jax.Array  # (weight arrays,) norm of the change over norm before it


class Carry(NamedTuple):
    """All that a run hands from step to step."""

    params: Params
    stats: Stats
    state: Any  # of the optimizer
    totals: Totals  # of the epoch so far


# Random bits are many small integer operations, on which XLA spends four seconds for a LeNet;
# without optimization it is less than one, and the program runs once.
@partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
def weights(network: Network, key: jax.Array) -> tuple[Params, Stats]:
    """Fresh weights; the same key gives every optimizer the same ones."""
    return network.init(key)


@jax.jit
def initial(optimizer: Optimizer, params: Params, stats: Stats) -> Carry:
    """Where a run starts."""
    return Carry(params, stats, optimizer.init(params), Totals.zero())


def step(
    carry: Carry,
    optimizer: Optimizer,
    task: Task,
    number: np.int32,
    key: jax.Array,
    recipe: Recipe,
) -> tuple[Carry, Measures]:
    """One step of one optimizer on one batch.

    The gradient is one program and the rule another: the first, which takes long to compile, is
    the same for every rule.

    Args:
        carry: donated; it is gone afterwards.
        optimizer: with its scheduled knobs as they stand at this step.
        task: what is learned in this step.
        number: the step, counted from 0 over all epochs.
        key: of the whole run; the step's own are made from it.
        recipe: what is compiled in.
    """
    params, stats, state, totals = carry
    point = query(optimizer, params, state) if looks_ahead(optimizer) else params
    found = gradient(point, stats, task, number, key, recipe=recipe)
    params, state, measures = update(
        params, state, stats, optimizer, found.loss, found.grads, task, number, key, recipe=recipe
    )
    return Carry(params, found.stats, state, add(totals, found.totals)), measures


def looks_ahead(optimizer: Optimizer) -> bool:
    """Whether the rule wants its gradient elsewhere than at the parameters."""
    return type(optimizer).query is not Optimizer.query


@jax.jit
def query(optimizer: Optimizer, params: Params, state: Any) -> Params:
    """Where the rule wants its gradient."""
    return optimizer.query(params, state)


@partial(jax.jit, static_argnames="recipe")
def gradient(
    params: Params, stats: Stats, task: Task, number: jax.Array, key: jax.Array, *, recipe: Recipe
) -> Gradient:
    """The batch's mean loss and its gradient at `params`."""

    def mean_loss(params: Params) -> tuple[jax.Array, tuple[Stats, Totals]]:
        return _mean_loss(params, stats, task, number, key, recipe)

    (value, (stats, totals)), grads = jax.value_and_grad(mean_loss, has_aux=True)(params)
    return Gradient(value, grads, stats, totals)


@partial(jax.jit, static_argnames="recipe", donate_argnames=("params", "state"))
def update(
    params: Params,
    state: Any,
    stats: Stats,
    optimizer: Optimizer,
    value: jax.Array,
    grads: Params,
    task: Task,
    number: jax.Array,
    key: jax.Array,
    *,
    recipe: Recipe,
) -> tuple[Params, Any, Measures]:
    """What the rule makes of the gradient. A rule that calls `loss_fn` has the network in here."""
    images = jnp.ones((), jnp.float32)
    if recipe.reduction == "sum":
        images = jnp.asarray(task.batch.size, jnp.float32)
    _, l2, weight_decay = task.strengths
    decayed = partial(_decayed, recipe=recipe)

    def objective(data_loss: jax.Array, params: Params) -> jax.Array:
        penalty = sum(jnp.sum(w * w) for w in jax.tree.leaves(params) if decayed(w))
        return images * data_loss + l2 / 2 * penalty

    def loss_fn(params: Params) -> jax.Array:
        return objective(_mean_loss(params, stats, task, number, key, recipe)[0], params)

    wanted = jax.tree.map(
        lambda g, w: images * g + l2 * w if decayed(w) else images * g, grads, params
    )
    rule_key = _keys(key, number)[0]
    context = StepContext(number, params, objective(value, params), wanted, rule_key, loss_fn)
    updates, state = optimizer.update(context, state)
    shrink = weight_decay * getattr(optimizer, "learning_rate", jnp.zeros((), jnp.float32))
    new = jax.tree.map(lambda w, u: (w - shrink * w if decayed(w) else w) + u, params, updates)
    measures = Measures(value, _norm(jax.tree.leaves(grads)), _ratios(params, new))
    return new, state, measures


def _decayed(array: jax.Array, recipe: Recipe) -> bool:
    return recipe.decay_on == "all" or array.ndim > 1


def _norm(arrays: list[jax.Array]) -> jax.Array:
    return jnp.sqrt(sum((jnp.sum(a * a) for a in arrays), jnp.zeros((), jnp.float32)))


def weight_names(params: Params) -> list[str]:
    """Names of the weight arrays, those of two or more dimensions, in the order of `_ratios`."""
    found, _ = jax.tree_util.tree_flatten_with_path(params)
    return [
        jax.tree_util.keystr(path[:-1], simple=True, separator="/")
        for path, w in found
        if w.ndim > 1
    ]


def _ratios(params: Params, new: Params) -> jax.Array:
    """How far each weight array moved, as a share of its length."""
    pairs = zip(jax.tree.leaves(params), jax.tree.leaves(new), strict=True)
    return jnp.stack([_norm([v - w]) / _norm([w]) for w, v in pairs if w.ndim > 1])


def _mean_loss(
    params: Params, stats: Stats, task: Task, number: jax.Array, key: jax.Array, recipe: Recipe
) -> tuple[jax.Array, tuple[Stats, Totals]]:
    """Mean loss over the images of the batch that count."""
    x, y = _look_up(task.images, task.batch.chosen)
    _, network_key, image_key = _keys(key, number)
    if recipe.flip:
        x = mirrored(x, jax.random.fold_in(image_key, 0))
    if recipe.crop:
        x = shifted(x, jax.random.fold_in(image_key, 1), recipe.crop)
    counts = (jnp.arange(y.size, dtype=jnp.int32) < task.batch.size).astype(jnp.float32)
    logits, stats = _apply(task.network, params, stats, x, True, network_key, recipe)
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
) -> tuple[jax.Array, Stats]:
    """The network in the recipe's precision; logits are float32."""
    dtype = jnp.dtype(recipe.precision)
    params = jax.tree.map(lambda w: w.astype(dtype), params)
    with convolutions_as(recipe.convolution):
        logits, stats = network.apply(params, stats, x.astype(dtype), train, key)
    return logits.astype(jnp.float32), stats


def _keys(key: jax.Array, number: jax.Array) -> jax.Array:
    """Random keys of a step: the rule's, the network's and the images'."""
    return jax.random.split(jax.random.fold_in(key, number), 3)


def _look_up(images: Images, index: jax.typing.ArrayLike) -> tuple[jax.Array, jax.Array]:
    """The chosen images, normalised, and their labels."""
    x = (images.x[index].astype(jnp.float32) - images.mean) / images.std
    return x, images.y[index].astype(jnp.int32)


def _totals(
    logits: jax.Array, y: jax.Array, counts: jax.Array, recipe: Recipe, smoothing: jax.Array
) -> Totals:
    """Sums over the images whose `counts` is 1, not 0."""
    correct = (jnp.argmax(logits, axis=1) == y).astype(jnp.float32)
    losses = LOSSES[recipe.loss].function(logits, y, smoothing)
    return Totals(jnp.sum(losses * counts), jnp.sum(correct * counts), jnp.sum(counts))


@jax.jit
def add(totals: Totals, more: Totals) -> Totals:
    """Sums over more images."""
    return Totals(*map(jnp.add, totals, more))


@jax.jit
def answer(optimizer: Optimizer, carry: Carry) -> Params:
    """The weights that the rule would be judged by."""
    return optimizer.answer(carry.params, carry.state)


@partial(jax.jit, static_argnames=("recipe", "size"))
def evaluate_block(
    network: Network,
    params: Params,
    stats: Stats,
    images: Images,
    start: jax.Array,
    recipe: Recipe,
    size: int,
) -> Totals:
    """Sums over `size` images from `start` on; those past the last image do not count.

    As PyTorch's users do, the loss is without label smoothing.
    """
    last = images.y.size - 1
    position = start + jnp.arange(size, dtype=jnp.int32)
    index = jnp.minimum(position, last)
    counts = (position <= last).astype(jnp.float32)
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
