"""What scheduled knobs are multiplied by: arrays made before a run, and what watches its loss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from optviz.catalog import Entry, knobs, static_fields
from optviz.engine.machine.precision import cast, on_cpu
from optviz.kept import kept
from optviz.optimizers import Optimizer
from optviz.schedules import Schedule
from optviz.specs.budget import capacity_for


class Job(NamedTuple):
    """A rule with the schedules of its knobs."""

    rule: Optimizer
    schedules: Mapping[str, Schedule]


class Factors(NamedTuple):
    """What the scheduled knobs are multiplied by.

    Schedules that do not look at the loss are arrays, made before the run. Only those that do are
    computed within it: where there are none, they add nothing to the loop.
    """

    arrays: dict[str, jax.Array]  # knob -> (capacity,)
    watchers: dict[str, Schedule]  # knob -> a schedule that sees the loss
    steps_per_epoch: Any  # () int32, None without watchers


def at(array: jax.Array, step: jax.Array) -> jax.Array:
    """An array's value at a step, without the cost of checking the index."""
    return jax.lax.dynamic_index_in_dim(array, step, keepdims=False)


def scheduled(rule: Optimizer, factors: Factors, step: jax.Array, watched: Any) -> Optimizer:
    """The rule with its scheduled knobs as they stand at a step."""
    values = {name: getattr(rule, name) * at(f, step) for name, f in factors.arrays.items()}
    for name, (_, factor) in watched.items():
        values[name] *= factor
    return replace(rule, **values)


def watch(factors: Factors, watched: Any, loss: jax.Array, step: jax.Array) -> Any:
    """The watchers' next states and factors; told the loss at the end of each epoch only."""
    ends = (step > 0) & (step % factors.steps_per_epoch == 0)
    told = {name: w.observe(watched[name][0], loss) for name, w in factors.watchers.items()}
    return jax.tree.map(lambda new, old: jnp.where(ends, new, old), told, watched)


def structure_of(item: Entry) -> Any:
    """What decides its program: class and switches."""
    cls = type(item)
    return (cls, *(getattr(item, name) for name in static_fields(cls)))


def factors_of(
    schedule: Schedule, num_steps: int, steps_per_epoch: float, dtype: str
) -> np.ndarray:
    """(num_steps,) float64 factors at steps 0, 1, …; compiles once for each kind of schedule."""
    capacity = capacity_for(num_steps + 1)
    with on_cpu(dtype):
        factors = _device_factors(schedule, num_steps, steps_per_epoch, capacity, dtype)
        return np.asarray(factors)[:num_steps].astype(np.float64)


@kept(megabytes=64)
def _device_factors(
    schedule: Schedule, num_steps: int, steps_per_epoch: float, length: int, dtype: str
) -> jax.Array:
    values = values_of(schedule, num_steps, steps_per_epoch, length)
    with np.errstate(over="ignore"):  # a factor that float32 does not hold is infinite there
        return jnp.asarray(values.astype(dtype))


def values_of(
    schedule: Schedule, num_steps: int, steps_per_epoch: float, length: int
) -> np.ndarray:
    """(length,) float64 factors at steps 0, 1, …, whatever format the run is in.

    In float32 a step past 100,000 and a share of the run leave two digits for what lies between
    them: drops would come a step early or late.
    """
    with on_cpu("float64"):
        lengths = np.float64(num_steps), np.float64(steps_per_epoch)
        return np.asarray(evaluate(cast(schedule, "float64"), *lengths, length))


@lru_cache(maxsize=16)
def _ones(length: int, dtype: str) -> jax.Array:
    """The factors of a knob without a schedule: the same for every number of steps."""
    return jnp.ones(length, dtype)


@partial(jax.jit, static_argnames="length")
def evaluate(
    schedule: Schedule, num_steps: jax.Array, steps_per_epoch: jax.Array, length: int
) -> jax.Array:
    steps = jnp.arange(length, dtype=num_steps.dtype)
    return jax.vmap(lambda step: schedule(step, num_steps, steps_per_epoch))(steps)


def factors_for(
    job: Job, num_steps: int, steps_per_epoch: int, capacity: int, dtype: str
) -> tuple[Factors, Any]:
    """The factors of a rule's knobs, to be multiplied with their base values.

    The learning rate always has some, so that giving it a schedule compiles nothing. To be called
    inside the scope of `dtype`.

    Returns:
        The factors, and their part of what decides the program.

    Raises:
        ValueError: a schedule takes a knob out of its domain.
    """
    rule, schedules = job
    has_rate = "learning_rate" in knobs(type(rule))
    if not schedules:
        return _unscheduled(has_rate, capacity, dtype)
    lengths = (num_steps, steps_per_epoch, capacity, dtype)
    factors, structure, ranges = _kept_factors(has_rate, tuple(schedules.items()), *lengths)
    for name, ends in ranges:
        check_domain(rule, name, ends)
    return factors, structure


def check_domain(rule: Optimizer, name: str, ends: Iterable[float]) -> None:
    """Raise `ValueError` where the lowest or the highest factor takes a knob out of its domain."""
    info, base = knobs(type(rule))[name], float(getattr(rule, name))
    for value in (base * factor for factor in ends):
        if not info.contains(value):
            raise ValueError(
                f"{type(rule).__name__}.{name} must lie in {info.describe()}, and its "
                f"schedule takes it to {value:.6g}"
            )


@lru_cache(maxsize=16)
def _unscheduled(has_rate: bool, capacity: int, dtype: str) -> tuple[Factors, Any]:
    """The factors of a rule without schedules, whatever the number of steps."""
    arrays = {"learning_rate": _ones(capacity, dtype)} if has_rate else {}
    return Factors(arrays, {}, None), tuple(arrays)


@kept(megabytes=64)
def _kept_factors(
    has_rate: bool,
    schedules: tuple[tuple[str, Schedule], ...],
    num_steps: int,
    steps_per_epoch: int,
    capacity: int,
    dtype: str,
) -> tuple[Factors, Any, list[tuple[str, tuple[float, float]]]]:
    """The factors of these knobs, their part in deciding the program, and their ranges."""
    by_knob: dict[str, Schedule | None] = {"learning_rate": None} if has_rate else {}
    by_knob |= dict(schedules)
    lengths = (num_steps, float(steps_per_epoch), capacity, dtype)
    arrays = {
        name: _ones(capacity, dtype) if schedule is None else _device_factors(schedule, *lengths)
        for name, schedule in by_knob.items()
    }
    watchers = {name: cast(s, dtype) for name, s in schedules if s.sees_loss}
    epoch = np.int32(steps_per_epoch) if watchers else None
    structure = (*arrays, *((n, *map(structure_of, s.parts)) for n, s in schedules if s.sees_loss))
    ranges = []
    for name, _ in schedules:
        values = np.asarray(arrays[name])[:num_steps]
        ranges.append((name, (float(values.min()), float(values.max()))))
    return Factors(arrays, watchers, epoch), structure, ranges
