"""The compiled pieces of a training: gradient, update, one block of validation.

Each is one module-level `jit`. Entries come in as pytrees: their switches are part of what is
compiled, their knobs are traced, so that another learning rate, seed or schedule compiles nothing.
There is no loop around convolutions here: XLA runs them many times slower inside one on a CPU
(https://github.com/jax-ml/jax/issues/12868). The engine loops in Python.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from optviz.engine.train_data import Batch, Images
from optviz.networks.base import Network, Params, Stats
from optviz.networks.losses import LOSSES
from optviz.optimizers.base import Optimizer, StepContext


class Totals(NamedTuple):
    """Sums over images, to be divided by their number."""

    loss: jax.Array  # () float32
    correct: jax.Array  # () float32
    images: jax.Array  # () float32

    @classmethod
    def zero(cls) -> Totals:
        return cls(*(jnp.zeros((), jnp.float32) for _ in cls._fields))


class Task(NamedTuple):
    """What is learned in one step."""

    network: Network
    images: Images
    batch: Batch


class Gradient(NamedTuple):
    """What one look at a batch finds."""

    loss: jax.Array  # () mean over the batch
    grads: Params
    stats: Stats  # the network's next ones
    totals: Totals  # of this batch


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
    loss: str,
    reduction: str = "mean",
) -> tuple[Carry, jax.Array]:
    """One step of one optimizer on one batch.

    The gradient is one program and the rule another: the first, which takes long to compile, is
    the same for every rule.

    Args:
        carry: donated; it is gone afterwards.
        optimizer: with its scheduled knobs as they stand at this step.
        task: what is learned in this step.
        number: the step, counted from 0 over all epochs.
        key: of the whole run; the step's own are made from it.
        loss: a key of `LOSSES`.
        reduction: "mean" or "sum": what of the batch's losses the rule descends.

    Returns:
        The next carry, and the mean loss () of the batch before the update.
    """
    params, stats, state, totals = carry
    looks_ahead = type(optimizer).query is not Optimizer.query
    point = query(optimizer, params, state) if looks_ahead else params
    found = gradient(point, stats, task, number, key, loss=loss)
    params, state = update(
        params,
        state,
        stats,
        optimizer,
        found.loss,
        found.grads,
        task,
        number,
        key,
        loss=loss,
        reduction=reduction,
    )
    return Carry(params, found.stats, state, add(totals, found.totals)), found.loss


@jax.jit
def query(optimizer: Optimizer, params: Params, state: Any) -> Params:
    """Where the rule wants its gradient."""
    return optimizer.query(params, state)


@partial(jax.jit, static_argnames="loss")
def gradient(
    params: Params, stats: Stats, task: Task, number: jax.Array, key: jax.Array, *, loss: str
) -> Gradient:
    """The batch's mean loss and its gradient at `params`."""

    def mean_loss(params: Params) -> tuple[jax.Array, tuple[Stats, Totals]]:
        return _mean_loss(params, stats, task, number, key, loss)

    (value, (stats, totals)), grads = jax.value_and_grad(mean_loss, has_aux=True)(params)
    return Gradient(value, grads, stats, totals)


@partial(jax.jit, static_argnames=("loss", "reduction"), donate_argnames=("params", "state"))
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
    loss: str,
    reduction: str,
) -> tuple[Params, Any]:
    """What the rule makes of the gradient. A rule that calls `loss_fn` has the network in here."""
    images = 1.0
    if reduction == "sum":
        images = jnp.asarray(task.batch.size, jnp.float32)
        value, grads = value * images, jax.tree.map(lambda g: g * images, grads)

    def loss_fn(params: Params) -> jax.Array:
        return images * _mean_loss(params, stats, task, number, key, loss)[0]

    rule_key = _keys(key, number)[0]
    context = StepContext(number, params, value, grads, rule_key, loss_fn)
    updates, state = optimizer.update(context, state)
    return jax.tree.map(jnp.add, params, updates), state


def _mean_loss(
    params: Params, stats: Stats, task: Task, number: jax.Array, key: jax.Array, loss: str
) -> tuple[jax.Array, tuple[Stats, Totals]]:
    """Mean loss over the images of the batch that count."""
    x, y = _look_up(task.images, task.batch.chosen)
    counts = (jnp.arange(y.size, dtype=jnp.int32) < task.batch.size).astype(jnp.float32)
    logits, stats = task.network.apply(params, stats, x, True, _keys(key, number)[1])
    totals = _totals(logits, y, counts, loss)
    return totals.loss / totals.images, (stats, totals)


def _keys(key: jax.Array, number: jax.Array) -> jax.Array:
    """Random keys of a step: the rule's and the network's."""
    return jax.random.split(jax.random.fold_in(key, number))


def _look_up(images: Images, index: jax.typing.ArrayLike) -> tuple[jax.Array, jax.Array]:
    """The chosen images, as float32 with zero mean and unit spread per channel, and labels."""
    x = images.x[index].astype(jnp.float32)
    x = (x - images.mean.reshape(1, 1, 1, -1)) / images.std.reshape(1, 1, 1, -1)
    return x, images.y[index].astype(jnp.int32)


def _totals(logits: jax.Array, y: jax.Array, counts: jax.Array, loss: str) -> Totals:
    """Sums over the images whose `counts` is 1, not 0."""
    correct = (jnp.argmax(logits, axis=1) == y).astype(jnp.float32)
    losses = LOSSES[loss].function(logits, y, 0.0)
    return Totals(jnp.sum(losses * counts), jnp.sum(correct * counts), jnp.sum(counts))


@jax.jit
def add(totals: Totals, more: Totals) -> Totals:
    """Sums over more images."""
    return Totals(*map(jnp.add, totals, more))


@jax.jit
def answer(optimizer: Optimizer, carry: Carry) -> Params:
    """The weights that the rule would be judged by."""
    return optimizer.answer(carry.params, carry.state)


@partial(jax.jit, static_argnames=("loss", "size"))
def evaluate_block(
    network: Network,
    params: Params,
    stats: Stats,
    images: Images,
    start: jax.Array,
    loss: str,
    size: int,
) -> Totals:
    """Sums over `size` images from `start` on; those past the last image do not count."""
    last = images.y.size - 1
    position = start + jnp.arange(size, dtype=jnp.int32)
    index = jnp.minimum(position, last)
    counts = (position <= last).astype(jnp.float32)
    x, y = _look_up(images, index)
    logits, _ = network.apply(params, stats, x, False, jax.random.key(0))
    return _totals(logits, y, counts, loss)
