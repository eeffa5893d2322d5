"""The compiled pieces of a training: one step, one block of validation.

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


class Carry(NamedTuple):
    """All that a run hands from step to step."""

    params: Params
    stats: Stats
    state: Any  # of the optimizer
    totals: Totals  # of the epoch so far


def _normalise(images: Images, index: jax.typing.ArrayLike) -> jax.Array:
    """The chosen images as float32 with zero mean and unit spread per channel."""
    x = images.x[index].astype(jnp.float32)
    return (x - images.mean.reshape(1, 1, 1, -1)) / images.std.reshape(1, 1, 1, -1)


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


@partial(jax.jit, static_argnames="loss", donate_argnames="carry")
def step(
    carry: Carry,
    network: Network,
    optimizer: Optimizer,
    images: Images,
    batch: Batch,
    number: jax.Array,
    key: jax.Array,
    loss: str,
) -> tuple[Carry, jax.Array]:
    """One step of one optimizer on one batch.

    Args:
        optimizer: with its scheduled knobs as they stand at this step.
        number: () int32, the step, counted from 0 over all epochs.
        key: of the whole run; the step's own is made from it.

    Returns:
        The next carry, and the loss () of the batch before the update.
    """
    x, y = _normalise(images, batch.chosen), images.y[batch.chosen].astype(jnp.int32)
    counts = (jnp.arange(y.size, dtype=jnp.int32) < batch.size).astype(jnp.float32)
    rule_key, network_key = jax.random.split(jax.random.fold_in(key, number))

    def full_loss(params: Params) -> tuple[jax.Array, tuple[Stats, jax.Array]]:
        logits, stats = network.apply(params, carry.stats, x, True, network_key)
        mean = jnp.sum(LOSSES[loss](logits, y) * counts) / jnp.sum(counts)
        correct = jnp.sum((jnp.argmax(logits, axis=1) == y).astype(jnp.float32) * counts)
        return mean, (stats, correct)

    point = optimizer.query(carry.params, carry.state)
    (value, (stats, correct)), grads = jax.value_and_grad(full_loss, has_aux=True)(point)
    context = StepContext(
        number, carry.params, value, grads, rule_key, lambda params: full_loss(params)[0]
    )
    updates, state = optimizer.update(context, carry.state)
    params = jax.tree.map(jnp.add, carry.params, updates)
    images_seen = jnp.sum(counts)
    seen = Totals(value * images_seen, correct, images_seen)
    return Carry(params, stats, state, Totals(*map(jnp.add, carry.totals, seen))), value


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
    x, y = _normalise(images, index), images.y[index].astype(jnp.int32)
    logits, _ = network.apply(params, stats, x, False, jax.random.key(0))
    correct = (jnp.argmax(logits, axis=1) == y).astype(jnp.float32)
    losses = LOSSES[loss](logits, y)
    return Totals(jnp.sum(losses * counts), jnp.sum(correct * counts), jnp.sum(counts))
