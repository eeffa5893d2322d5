"""Descend a surface: one jitted loop per rule and surface, with paths recorded on the way.

Hyperparameters, start, noise, seed, schedule and the number of steps are traced: changing them
compiles nothing. The compiled loops are held by JAX's own cache, keyed by the pytree structure of
rule and surface (their classes and switches), the number format and the capacity of the buffers.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from optviz.engine.factors import (
    Factors,
    Job,
    at,
    evaluate,
    factors_for,
    factors_of,
    scheduled,
    structure_of,
    watch,
)
from optviz.engine.precision import cast, on_cpu
from optviz.kept import kept
from optviz.optimizers import Optimizer, StepContext
from optviz.specs.budget import capacity_for, padded_starts
from optviz.surfaces import Surface

__all__ = ["BOUND", "Descents", "Factors", "Job", "descend", "factors_of"]

# A run has diverged where params or loss are beyond this many times those of its start, or this.
BOUND = 1e12


class Descents(NamedTuple):
    """What the rules did; `...` is (num_rules,), or (num_rules, num_starts) with several starts."""

    params: np.ndarray  # (..., num_steps + 1, 2) the answers, the start first
    losses: np.ndarray  # (..., num_steps + 1) without noise
    grad_norms: np.ndarray  # (..., num_steps + 1) without noise
    evaluations: np.ndarray  # (..., num_steps + 1)
    # (...) int; -1: did not; from there on the arrays repeat the state before
    diverged_at: np.ndarray
    last_loss: np.ndarray  # (...) loss at `diverged_at`, finite or not; else the final loss
    # per rule (..., num_steps): the factor of a learning rate whose schedule sees the loss, or None
    observed: tuple[np.ndarray | None, ...]


def descend(
    jobs: Sequence[Job],
    surface: Surface,
    start: np.ndarray,
    *,
    num_steps: int,
    noise: float = 0.0,
    seed: int = 0,
    dtype: str = "float64",
    steps_per_epoch: int = 1,
) -> Descents:
    """Run every rule from the same start(s) under the same noise.

    Args:
        jobs: rules with their schedules.
        surface: the loss.
        start: (2,), or (num_starts, 2).
        num_steps: at most the largest capacity.
        noise: standard deviation of the noise on each coordinate of the gradient.
        seed: of the noise, and of the keys that stochastic rules get.
        dtype: "float64" or "float32", the format computed in.
        steps_per_epoch: schedules that see the loss are told it this often.

    Returns:
        float64 arrays.

    Raises:
        ValueError: a schedule takes a knob out of its domain.
    """
    capacity = capacity_for(num_steps + 1)
    padded = _pad_starts(start)
    with on_cpu(dtype):
        shared = (
            # Numbers go in with the call: a transfer of its own for each would take twice as long
            # as the loops of a short race.
            cast(surface, dtype),
            padded.astype(dtype),
            inputs_of(num_steps, noise, seed, capacity, dtype, surface.params_shape),
        )
        lengths = (num_steps, steps_per_epoch, capacity, dtype)
        factors = [factors_for(job, *lengths) for job in jobs]
        calls = [(cast(job.rule, dtype), f) for job, (f, _) in zip(jobs, factors, strict=True)]
        loop = _descend if padded.ndim == 1 else _descend_many

        def run(call: tuple[Optimizer, Factors]) -> jax.Array:
            return loop(*call, *shared, capacity=capacity)

        def run_in_thread(call: tuple[Optimizer, Factors]) -> jax.Array:
            with on_cpu(dtype):  # threads do not inherit the scope
                return run(call)

        # What has been compiled before is dispatched at once; what has not, in two threads.
        kind = (structure_of(surface), padded.shape, dtype, capacity)
        kinds = {
            (structure_of(job.rule), structure, *kind)
            for job, (_, structure) in zip(jobs, factors, strict=True)
        }
        if len(kinds - _COMPILED) > 1:
            with ThreadPoolExecutor(2) as pool:
                records = list(pool.map(run_in_thread, calls))
        else:
            records = list(map(run, calls))
    _COMPILED.update(kinds)
    cut = (..., slice(num_steps + 1), slice(None))
    if start.ndim == 2:
        cut = (slice(len(start)), *cut[1:])
    arrays = [np.asarray(record)[cut] for record in records]
    observed = tuple(a[..., :-1, 5].astype(float) if a.shape[-1] > 5 else None for a in arrays)
    stacked = np.stack([a[..., :5] if a.shape[-1] > 5 else a for a in arrays])
    return _read(stacked.astype(np.float64, copy=False), observed)


_COMPILED: set[Any] = set()


def compile_count() -> int:
    """How many loops have been compiled in this process: a measure for tests and benchmarks."""
    loops: tuple[Any, ...] = (_descend, _descend_many, evaluate)
    return sum(loop._cache_size() for loop in loops)


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


def _loop(
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
    watches = "learning_rate" in factors.watchers

    def body(step: jax.Array, carry: Any) -> Any:
        params, state, record = carry
        seen, params, state = advance(rule, factors, surface, inputs, step, params, state)
        norm = jnp.sqrt(jnp.sum(seen.grads**2))
        row = [*seen.params, seen.loss, norm, seen.evaluations]
        row = jnp.stack(row if seen.observed is None else [*row, seen.observed])
        # Not `record.at[step].set`: its check of the index costs as much as the step itself.
        return params, state, jax.lax.dynamic_update_index_in_dim(record, row, step, 0)

    record = jnp.zeros((capacity, 6 if watches else 5), start.dtype)
    # One more round than steps records the final state; its update is thrown away.
    params = surface.embed(start)
    carry = (params, begin(rule, factors, params), record)
    return jax.lax.fori_loop(np.int32(0), inputs.num_steps + 1, body, carry)[-1]


_descend = jax.jit(_loop, static_argnames="capacity")


@partial(jax.jit, static_argnames="capacity")
def _descend_many(
    rule: Any, factors: Any, surface: Any, starts: Any, inputs: Inputs, capacity: int
) -> jax.Array:
    def one(start: jax.Array) -> jax.Array:
        return _loop(rule, factors, surface, start, inputs, capacity)

    return jax.vmap(one)(starts)


def _pad_starts(start: np.ndarray) -> np.ndarray:
    """Repeat the last start up to a power of two, so that few numbers of starts are compiled."""
    if start.ndim == 1:
        return start
    missing = padded_starts(len(start)) - len(start)
    return np.concatenate([start, np.repeat(start[-1:], missing, axis=0)])


def _read(record: np.ndarray, observed: tuple[np.ndarray | None, ...]) -> Descents:
    """Split (..., num_steps + 1, 5) records, and hold what diverged at its last good state."""
    params = np.ascontiguousarray(record[..., :2])
    losses, norms, counts = (np.ascontiguousarray(record[..., i]) for i in (2, 3, 4))
    parts = (params, losses, norms, counts)
    last_loss = losses[..., -1].copy()
    if np.abs(params).max() <= BOUND and np.abs(losses).max() <= BOUND:  # NaN compares as false
        return Descents(*parts, np.full(last_loss.shape, -1), last_loss, observed)
    with np.errstate(invalid="ignore", over="ignore"):
        far, high = bounds(np.abs(params[..., :1, :]).max(axis=-1)), bounds(np.abs(losses[..., :1]))
        bad = ~((np.abs(params).max(axis=-1) <= far) & (np.abs(losses) <= high))
    diverged_at = np.where(bad.any(axis=-1), bad.argmax(axis=-1), -1)
    runs = diverged_at >= 0
    last_loss[runs] = np.take_along_axis(losses[runs], diverged_at[runs][:, None], axis=-1)[:, 0]
    # A start that is bad itself stays as it is: there is nothing before it to repeat.
    good = np.minimum(np.arange(bad.shape[-1]), np.maximum(diverged_at[runs] - 1, 0)[:, None])
    params[runs] = np.take_along_axis(params[runs], good[..., None], axis=-2)
    for part in (losses, norms, counts):
        part[runs] = np.take_along_axis(part[runs], good, axis=-1)
    return Descents(*parts, diverged_at, last_loss, observed)


def bounds(start: Any, xp: Any = np) -> Any:
    """What a magnitude that is `start` at the start must not exceed; never infinite."""
    return xp.minimum(BOUND * xp.maximum(start, 1), xp.finfo(start.dtype).max)


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
