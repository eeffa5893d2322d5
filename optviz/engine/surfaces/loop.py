"""One run down a surface: its steps, and the record of its path.

Hyperparameters, start, noise, seed, schedule and the number of steps are traced: changing them
compiles nothing. The compiled loops are held by JAX's own cache, keyed by the pytree structure of
rule and surface (their classes and switches), the number format and the capacity of the buffers.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from optviz.engine.factors import Factors, at, scheduled, watch
from optviz.engine.machine.cpu_compiler import compiled_loop
from optviz.kept import kept
from optviz.optimizers import Optimizer, StepContext
from optviz.surfaces import Surface


class Inputs(NamedTuple):
    """What every run of a comparison gets alike."""

    num_steps: Any  # () int32
    noise: jax.Array  # (capacity, *params_shape) added to the gradient, step by step
    key: jax.Array  # folded with the step for stochastic rules


class Seen(NamedTuple):
    """What is drawn of one state."""

    params: jax.Array  # (2,) where the answer is drawn
    loss: jax.Array  # () without noise
    grads: jax.Array  # params_shape, without noise
    evaluations: jax.Array  # () before this step
    observed: jax.Array | None  # () factor on the learning rate, where its schedule sees the loss


def begin(rule: Optimizer, factors: Factors, start: jax.Array) -> Any:
    """What `advance` hands from step to step beside the params: the rule's state, and watchers'."""
    one = jnp.ones((), start.dtype)
    watched = {name: (watcher.init(), one) for name, watcher in factors.watchers.items()}
    return rule.init(start), watched


def advance(
    rule: Optimizer,
    factors: Factors,
    surface: Surface,
    inputs: Inputs,
    step: jax.Array,
    params: jax.Array,
    state: Any,
) -> tuple[Seen, jax.Array, Any]:
    """One step of a run: what is seen of the state, and the next params and state."""
    value_and_grad = jax.value_and_grad(surface.loss)
    state, watched = state
    now = scheduled(rule, factors, step, watched)
    tilt = at(inputs.noise, step)
    point, shown = now.query(params, state), now.answer(params, state)
    loss, grads = value_and_grad(point)
    shown_loss, shown_grads = (loss, grads) if shown is point else value_and_grad(shown)
    evaluations = now.evaluations(state)
    evaluations = (step if evaluations is None else evaluations).astype(loss.dtype)
    if factors.watchers:
        # The point was chosen with the factors of the last step; the step is taken with these.
        watched = watch(factors, watched, shown_loss, step)
        now = scheduled(rule, factors, step, watched)
    observed = watched["learning_rate"][1] if "learning_rate" in watched else None

    def loss_fn(p: jax.Array) -> jax.Array:
        # Noise as a tilt of the whole surface: its gradient is the noise at every point, so
        # rules that look around within a step see the same draw everywhere.
        return surface.loss(p) + jnp.sum(tilt * (p - point))

    key = jax.random.fold_in(inputs.key, step)
    ctx = StepContext(step, params, loss, grads + tilt, key, loss_fn)
    updates, state = now.update(ctx, state)
    seen = Seen(surface.project(shown), shown_loss, shown_grads, evaluations, observed)
    return seen, params + updates, (state, watched)


def path(
    rule: Optimizer,
    factors: Factors,
    surface: Surface,
    start: jax.Array,
    inputs: Inputs,
    capacity: int,
) -> jax.Array:
    """From one start (2,): a record (capacity, 5) of x, y, loss, ‖g‖ and evaluations.

    Where the learning rate's schedule sees the loss, its factor is a sixth number.
    """

    def body(step: jax.Array, carry: Any) -> Any:
        params, state, record = carry
        seen, params, state = advance(rule, factors, surface, inputs, step, params, state)
        norm = jnp.sqrt(jnp.sum(seen.grads**2))
        row = [*seen.params, seen.loss, norm, seen.evaluations]
        row = jnp.stack(row if seen.observed is None else [*row, seen.observed])
        # Not `record.at[step].set`: its check of the index costs as much as the step itself.
        return params, state, jax.lax.dynamic_update_index_in_dim(record, row, step, 0)

    record = jnp.zeros((capacity, _columns(factors)), start.dtype)
    # One more round than steps records the final state; its update is thrown away.
    params = surface.embed(start)
    carry = (params, begin(rule, factors, params), record)
    return jax.lax.fori_loop(np.int32(0), inputs.num_steps + 1, body, carry)[-1]


def _columns(factors: Factors) -> int:
    return 6 if "learning_rate" in factors.watchers else 5


def record_path() -> Any:
    """The compiled `path`."""
    return compiled_loop(path, "capacity")


def record_paths() -> Any:
    """The compiled `paths`."""
    return compiled_loop(paths, "capacity")


def paths(
    rule: Optimizer,
    factors: Factors,
    surface: Surface,
    starts: jax.Array,
    inputs: Inputs,
    capacity: int,
) -> jax.Array:
    """From several starts (num_starts, 2): a record of each."""
    return jax.vmap(lambda start: path(rule, factors, surface, start, inputs, capacity))(starts)


def record_series() -> Any:
    """The compiled `series`."""
    return compiled_loop(series, "capacity")


def series(
    rules: Optimizer,
    factors: Factors,
    surface: Surface,
    start: jax.Array,
    inputs: Inputs,
    count: Any,
    capacity: int,
) -> jax.Array:
    """One rule with other numbers each time: the records (most, capacity, 5) of the first `count`.

    Args:
        rules: whose every knob has an axis (most,).
        count: () int32.
    """

    def body(index: jax.Array, records: jax.Array) -> jax.Array:
        rule = jax.tree.map(lambda values: at(values, index), rules)
        # What does not depend on the rule's numbers, such as the Hessian of a quadratic, would be
        # computed once before all runs: in other operations, with other last bits.
        rule, ground = jax.lax.optimization_barrier((rule, surface))
        record = path(rule, factors, ground, start, inputs, capacity)
        return jax.lax.dynamic_update_index_in_dim(records, record, index, 0)

    (most, *_), *_ = (knob.shape for knob in jax.tree.leaves(rules))
    records = jnp.zeros((most, capacity, _columns(factors)), start.dtype)
    return jax.lax.fori_loop(np.int32(0), count, body, records)


# What goes into the loop from outside ------------------------------------------------------------


def inputs_of(
    num_steps: int, noise: float, seed: int, capacity: int, dtype: str, shape: tuple[int, ...]
) -> Inputs:
    """The arrays that all runs share; to be called inside the scope of `dtype`."""
    draws = _noise(float(noise), seed, (capacity, *shape), dtype)
    return Inputs(np.int32(num_steps), draws, _key(seed))


@lru_cache(maxsize=64)
def _key(seed: int) -> jax.Array:
    return jax.random.key(np.uint32(seed))


@kept(megabytes=64)
def _noise(noise: float, seed: int, shape: tuple[int, ...], dtype: str) -> jax.Array:
    """One draw a step: the same for every rule and start, a function of seed and step only."""
    return jnp.asarray(noise_of(noise, seed, shape).astype(dtype))


def noise_of(noise: float, seed: int, shape: tuple[int, ...]) -> np.ndarray:
    """(num_steps, *params_shape) what is added to the gradients of the first steps."""
    if not noise:
        return np.zeros(shape)
    return noise * np.random.default_rng(seed).standard_normal(shape)
