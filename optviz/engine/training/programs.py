"""The compiled pieces of a training: gradient, update, one block of validation.

Each is one `jit` of the process. Entries come in as pytrees: their switches are part of what is
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

from optviz.engine.machine.cpu_compiler import compiled
from optviz.engine.training.objective import Recipe, Task, Totals, add, keys, mean_loss
from optviz.networks.base import Network, Params, Stats
from optviz.optimizers.base import Optimizer, StepContext


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
    grad_ratios: jax.Array  # (weight arrays,) norm of the data's gradient over norm before it


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
    gradient_of = compiled_gradient(task.network)
    found = gradient_of(point, stats, task, number, key, recipe=recipe.of_gradient())
    params, state, measures = update(
        params, state, stats, optimizer, found.loss, found.grads, task, number, key, recipe=recipe
    )
    return Carry(params, found.stats, state, add(totals, found.totals)), measures


def looks_ahead(optimizer: Optimizer) -> bool:
    """Whether the rule wants its gradient elsewhere than at the parameters."""
    return type(optimizer).query is not Optimizer.query


def answers_with_the_past(optimizer: Optimizer) -> bool:
    """Whether the rule is judged by points that it keeps in its state."""
    return type(optimizer).answer is not Optimizer.answer


@jax.jit
def query(optimizer: Optimizer, params: Params, state: Any) -> Params:
    """Where the rule wants its gradient."""
    return optimizer.query(params, state)


def compiled_gradient(network: Network) -> jax.stages.Wrapped:
    """`gradient` as a program."""
    return compiled(gradient, network.cpu_library, "recipe")


def gradient(
    params: Params, stats: Stats, task: Task, number: jax.Array, key: jax.Array, *, recipe: Recipe
) -> Gradient:
    """The batch's mean loss and its gradient at `params`."""

    def value(params: Params) -> tuple[jax.Array, tuple[Stats, Totals]]:
        return mean_loss(params, stats, task, number, key, recipe)

    (loss, (stats, totals)), grads = jax.value_and_grad(value, has_aux=True)(params)
    return Gradient(loss, grads, stats, totals)


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
    """What the rule makes of the gradient. A rule that calls `loss_fn` has the network in here.

    All of the gradient is that of one point, which the rule chooses (`Optimizer.query`): `value`
    and `grads` were taken there, and so are both decays. The two forms of Nesterov go one way.
    """
    images = jnp.ones((), jnp.float32)
    if recipe.reduction == "sum":
        images = jnp.asarray(task.batch.size, jnp.float32)
    _, l2, weight_decay = task.strengths
    decayed = partial(_decayed, recipe=recipe)
    point = optimizer.query(params, state)

    def objective(data_loss: jax.Array, params: Params) -> jax.Array:
        penalty = sum(jnp.sum(w * w) for w in jax.tree.leaves(params) if decayed(w))
        return images * data_loss + l2 / 2 * penalty

    def loss_fn(params: Params) -> jax.Array:
        return objective(mean_loss(params, stats, task, number, key, recipe)[0], params)

    wanted = jax.tree.map(
        lambda g, w: images * g + l2 * w if decayed(w) else images * g, grads, point
    )
    rule_key = keys(key, number)[0]
    context = StepContext(number, params, objective(value, point), wanted, rule_key, loss_fn)
    shrink = weight_decay * getattr(optimizer, "learning_rate", jnp.zeros((), jnp.float32))
    shrunk = jax.tree.map(lambda w, at: w - shrink * at if decayed(w) else w, params, point)
    if answers_with_the_past(optimizer):
        context = context._replace(params=shrunk)  # what it remembers is where it has been
    updates, state = optimizer.update(context, state)
    new = jax.tree.map(jnp.add, shrunk, updates)
    moved = _ratios(params, jax.tree.map(jnp.subtract, new, params))
    measures = Measures(value, _norm(jax.tree.leaves(grads)), moved, _ratios(params, grads))
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


def _ratios(params: Params, beside: Params) -> jax.Array:
    """How long what belongs to each weight array is, as a share of the array's length."""
    pairs = zip(jax.tree.leaves(params), jax.tree.leaves(beside), strict=True)
    return jnp.stack([_norm([v]) / _norm([w]) for w, v in pairs if w.ndim > 1])


@jax.jit
def answer(optimizer: Optimizer, carry: Carry) -> Params:
    """The weights that the rule would be judged by."""
    return optimizer.answer(carry.params, carry.state)
