"""Descend a surface: one jitted loop per rule and surface, with paths recorded on the way.

Hyperparameters, start, noise, seed, schedule and the number of steps are traced: changing them
compiles nothing. The compiled loops are held by JAX's own cache, keyed by the pytree structure of
rule and surface (their classes and switches), the number format and the capacity of the buffers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from optviz.catalog import Entry, static_fields
from optviz.engine.precision import cast, on_cpu
from optviz.optimizers import Optimizer, StepContext
from optviz.schedules import Schedule
from optviz.surfaces import Surface

# Buffers are this long, whatever the number of steps: a race of another length compiles nothing
# until it outgrows its buffer.
CAPACITIES = (2_048, 16_384, 131_072)
BOUND = 1e12  # beyond this magnitude of params or loss a run has diverged


E = TypeVar("E", bound=Entry)


class Descents(NamedTuple):
    """What the rules did; `...` is (num_rules,), or (num_rules, num_starts) with several starts."""

    params: np.ndarray  # (..., num_steps + 1, 2) the answers, the start first
    losses: np.ndarray  # (..., num_steps + 1) without noise
    grad_norms: np.ndarray  # (..., num_steps + 1) without noise
    evaluations: np.ndarray  # (..., num_steps + 1)
    diverged_at: (
        np.ndarray
    )  # (...) int; -1: did not; from there on the arrays repeat the state before
    last_loss: np.ndarray  # (...) loss at `diverged_at`, finite or not; else the final loss


class Job(NamedTuple):
    """A rule with the schedules of its knobs."""

    rule: Optimizer
    schedules: Mapping[str, Schedule]


def descend(
    jobs: Sequence[Job],
    surface: Surface,
    start: np.ndarray,
    *,
    num_steps: int,
    noise: float = 0.0,
    seed: int = 0,
    dtype: str = "float64",
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

    Returns:
        float64 arrays.
    """
    capacity = next(c for c in CAPACITIES if c >= num_steps + 1)
    padded = _pad_starts(start)
    with on_cpu(dtype):
        shared = (
            _on_device(surface, dtype),
            padded.astype(dtype),
            inputs_of(num_steps, noise, seed, capacity, dtype),
        )
        calls = [
            (_on_device(rule, dtype), factor_arrays(rule, schedules, num_steps, capacity, dtype))
            for rule, schedules in jobs
        ]
        loop = _descend if padded.ndim == 1 else _descend_many

        def run(call: tuple[Optimizer, dict[str, jax.Array]]) -> jax.Array:
            return loop(*call, *shared, capacity=capacity)

        def run_in_thread(call: tuple[Optimizer, dict[str, jax.Array]]) -> jax.Array:
            with on_cpu(dtype):  # threads do not inherit the scope
                return run(call)

        # What has been compiled before is dispatched at once; what has not, in two threads.
        kind = (_structure(surface), padded.shape, dtype, capacity)
        kinds = {
            (_structure(job.rule), tuple(call[1]), *kind)
            for job, call in zip(jobs, calls, strict=True)
        }
        if len(kinds - _COMPILED) > 1:
            with ThreadPoolExecutor(2) as pool:
                records = list(pool.map(run_in_thread, calls))
        else:
            records = list(map(run, calls))
    _COMPILED.update(kinds)
    cut = (..., slice(num_steps + 1), slice(None))
    stacked = np.stack([np.asarray(record)[cut] for record in records])
    if start.ndim == 2:
        stacked = stacked[:, : len(start)]
    return _read(stacked.astype(np.float64, copy=False))


_COMPILED: set[Any] = set()


def compile_count() -> int:
    """How many loops have been compiled in this process: a measure for tests and benchmarks."""
    loops: tuple[Any, ...] = (_descend, _descend_many, _factors)
    return sum(loop._cache_size() for loop in loops)


class Inputs(NamedTuple):
    """What every run of a comparison gets alike."""

    num_steps: Any  # () int32
    noise: jax.Array  # (capacity, 2) added to the gradient, step by step
    key: jax.Array  # folded with the step for stochastic rules


class Seen(NamedTuple):
    """What is drawn of one state."""

    params: jax.Array  # (2,) the answer
    loss: jax.Array  # () without noise
    grads: jax.Array  # (2,) without noise
    evaluations: jax.Array  # () before this step


def advance(
    rule: Optimizer,
    factors: dict[str, jax.Array],
    surface: Surface,
    inputs: Inputs,
    step: jax.Array,
    params: jax.Array,
    state: Any,
) -> tuple[Seen, jax.Array, Any]:
    """One step of a run: what is seen of the state, and the next params and state."""
    value_and_grad = jax.value_and_grad(surface)
    now = replace(rule, **{name: getattr(rule, name) * _at(f, step) for name, f in factors.items()})
    tilt = _at(inputs.noise, step)
    point, shown = now.query(params, state), now.answer(params, state)
    loss, grads = value_and_grad(point)
    shown_loss, shown_grads = (loss, grads) if shown is point else value_and_grad(shown)
    evaluations = now.evaluations(state)
    evaluations = (step if evaluations is None else evaluations).astype(loss.dtype)

    def loss_fn(p: jax.Array) -> jax.Array:
        # Noise as a tilt of the whole surface: its gradient is the noise at every point, so
        # rules that look around within a step see the same draw everywhere.
        return surface(p) + jnp.sum(tilt * (p - point))

    key = jax.random.fold_in(inputs.key, step)
    ctx = StepContext(step, params, loss, grads + tilt, key, loss_fn)
    updates, state = now.update(ctx, state)
    return Seen(shown, shown_loss, shown_grads, evaluations), params + updates, state


def _loop(
    rule: Optimizer,
    factors: dict[str, jax.Array],
    surface: Surface,
    start: jax.Array,
    inputs: Inputs,
    capacity: int,
) -> jax.Array:
    """From one start (2,): a record (capacity, 5) of x, y, loss, ‖g‖ and evaluations."""

    def body(step: jax.Array, carry: Any) -> Any:
        params, state, record = carry
        seen, params, state = advance(rule, factors, surface, inputs, step, params, state)
        norm = jnp.sqrt(jnp.sum(seen.grads**2))
        row = jnp.stack([*seen.params, seen.loss, norm, seen.evaluations])
        # Not `record.at[step].set`: its check of the index costs as much as the step itself.
        return params, state, jax.lax.dynamic_update_index_in_dim(record, row, step, 0)

    record = jnp.zeros((capacity, 5), start.dtype)
    # One more round than steps records the final state; its update is thrown away.
    carry = (start, rule.init(start), record)
    return jax.lax.fori_loop(np.int32(0), inputs.num_steps + 1, body, carry)[-1]


def _at(array: jax.Array, step: jax.Array) -> jax.Array:
    return jax.lax.dynamic_index_in_dim(array, step, keepdims=False)


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
    missing = (1 << (len(start) - 1).bit_length()) - len(start)
    return np.concatenate([start, np.repeat(start[-1:], missing, axis=0)])


def _read(record: np.ndarray) -> Descents:
    """Split (..., num_steps + 1, 5) records, and hold what diverged at its last good state."""
    params = np.ascontiguousarray(record[..., :2])
    losses, norms, counts = (np.ascontiguousarray(record[..., i]) for i in (2, 3, 4))
    parts = (params, losses, norms, counts)
    last_loss = losses[..., -1].copy()
    if np.abs(params).max() <= BOUND and np.abs(losses).max() <= BOUND:  # NaN compares as false
        return Descents(*parts, np.full(last_loss.shape, -1), last_loss)
    with np.errstate(invalid="ignore"):
        bad = ~((np.abs(params) <= BOUND).all(axis=-1) & (np.abs(losses) <= BOUND))
    diverged_at = np.where(bad.any(axis=-1), bad.argmax(axis=-1), -1)
    for run in np.argwhere(diverged_at >= 0):
        index = tuple(run)
        step = diverged_at[index]
        last_loss[index] = losses[(*index, step)]
        for part in parts:
            # A start that is bad itself stays as it is: there is nothing before it to repeat.
            part[(*index, slice(step, None))] = part[(*index, max(step - 1, 0))]
    return Descents(*parts, diverged_at, last_loss)


# What goes into the loop from outside, kept on the device between races -------------------------


def _on_device(item: E, dtype: str) -> E:
    """The entry, cast, on the device; kept, for bringing it there takes as long as a short run."""
    try:
        return _kept_on_device(item, dtype)
    except TypeError:  # a knob that is an array has no hash
        return cast(item, dtype)


@lru_cache(maxsize=1024)
def _kept_on_device(item: E, dtype: str) -> E:
    return jax.device_put(cast(item, dtype))


def _structure(item: Entry) -> Any:
    """What decides its program: class and switches."""
    cls = type(item)
    return (cls, *(getattr(item, name) for name in static_fields(cls)))


@lru_cache(maxsize=256)
def inputs_of(num_steps: int, noise: float, seed: int, capacity: int, dtype: str) -> Inputs:
    """The arrays that all runs share; to be called inside the scope of `dtype`."""
    draws = _noise(float(noise), seed, capacity, dtype)
    return Inputs(jax.device_put(np.int32(num_steps)), draws, _key(seed))


@lru_cache(maxsize=64)
def _key(seed: int) -> jax.Array:
    return jax.random.key(np.uint32(seed))


@lru_cache(maxsize=16)
def _noise(noise: float, seed: int, capacity: int, dtype: str) -> jax.Array:
    """(capacity, 2): the same draws for every rule and start, a function of seed and step only."""
    draws = np.zeros((capacity, 2))
    if noise:
        draws = noise * np.random.default_rng(seed).standard_normal((capacity, 2))
    return jnp.asarray(draws.astype(dtype))


def factors_of(
    schedule: Schedule, num_steps: int, steps_per_epoch: float, dtype: str
) -> np.ndarray:
    """(num_steps,) float64 factors at steps 0, 1, …; compiles once for each kind of schedule."""
    capacity = next(c for c in CAPACITIES if c >= num_steps + 1)
    with on_cpu(dtype):
        factors = _device_factors(schedule, num_steps, steps_per_epoch, capacity, dtype)
        return np.asarray(factors)[:num_steps].astype(np.float64)


@lru_cache(maxsize=256)
def _device_factors(
    schedule: Schedule | None, num_steps: int, steps_per_epoch: float, length: int, dtype: str
) -> jax.Array:
    number = np.dtype(dtype).type
    if schedule is None:
        return jnp.ones(length, dtype)
    return _factors(cast(schedule, dtype), number(num_steps), number(steps_per_epoch), length)


@partial(jax.jit, static_argnames="length")
def _factors(
    schedule: Schedule, num_steps: jax.Array, steps_per_epoch: jax.Array, length: int
) -> jax.Array:
    steps = jnp.arange(length, dtype=num_steps.dtype)
    return jax.vmap(lambda step: schedule(step, num_steps, steps_per_epoch))(steps)


def factor_arrays(
    rule: Optimizer, schedules: Mapping[str, Schedule], num_steps: int, capacity: int, dtype: str
) -> dict[str, jax.Array]:
    """Factor arrays by knob; the learning rate always has one, so that it can get a schedule."""
    names = [*(["learning_rate"] if hasattr(rule, "learning_rate") else []), *schedules]
    return {
        name: _device_factors(schedules.get(name), num_steps, 1.0, capacity, dtype)
        for name in dict.fromkeys(names)
    }
