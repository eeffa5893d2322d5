"""What is left of a run whose path nobody keeps: one vectorised loop over a block of runs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from optviz.engine.factors import Factors
from optviz.engine.surfaces.descend import bounds
from optviz.engine.surfaces.loop import Inputs, Seen, advance, begin
from optviz.optimizers import Optimizer
from optviz.surfaces import Surface


class Ends(NamedTuple):
    """What is left of each run; every array (num_points,)."""

    initial: Any
    final: Any
    last: Any
    arrived_at: Any
    diverged_at: Any
    low: Low | None  # asked for where the minimum is not known


class Low(NamedTuple):
    """What may stand in for a minimum that is not known; every array (num_points,)."""

    best: Any  # lowest loss on the way
    early: Any  # the same, of the early steps
    slope: Any  # norm of the gradient at the best, times the reach of the window from there


@partial(jax.jit, static_argnames="seek")
def ends_of(
    swept: dict[str, jax.Array],  # (block,) each
    starts: jax.Array,  # (block, 2)
    rule: Optimizer,
    factors: Factors,
    surface: Surface,
    inputs: Inputs,
    view: jax.Array,  # (4,) x, y of the window's centre, its width, the last early step
    target: jax.Array,  # (2,) f*, tolerance
    *,
    seek: bool,
) -> Ends:
    def one(values: dict[str, jax.Array], start: jax.Array) -> Ends:
        at_point = replace(rule, **values)

        def body(step: jax.Array, carry: Any) -> Any:
            params, state, ends = carry
            seen, params, state = advance(at_point, factors, surface, inputs, step, params, state)
            near = jnp.abs(seen.params).max() <= bounds(jnp.abs(start).max(), jnp)
            return params, state, _observe(ends, step, near, seen, view, target)

        number, never = jnp.zeros((), start.dtype), jnp.full((), -1, jnp.int32)
        infinite = number + jnp.inf
        low = Low(infinite, infinite, number) if seek else None
        ends = Ends(number, number, number, never, never, low)
        params = surface.embed(start)
        carry = (params, begin(at_point, factors, params), ends)
        # One more round than steps observes the final state; its update is thrown away.
        return jax.lax.fori_loop(np.int32(0), inputs.num_steps + 1, body, carry)[-1]

    return jax.vmap(one)(swept, starts)


def _observe(
    ends: Ends,
    step: jax.Array,
    near: jax.Array,  # whether params are within their bounds
    seen: Seen,
    view: jax.Array,
    target: jax.Array,
) -> Ends:
    loss = seen.loss
    lowest, tolerance = target
    running = ends.diverged_at < 0
    initial = jnp.where(step == 0, loss, ends.initial)
    good = near & (jnp.abs(loss) <= bounds(jnp.abs(initial), jnp))  # NaN compares as false
    here = running & good
    arrived = here & (ends.arrived_at < 0) & (loss - lowest <= tolerance * (initial - lowest))
    return Ends(
        initial=initial,
        final=jnp.where(here | (step == 0), loss, ends.final),
        last=jnp.where(running, loss, ends.last),
        arrived_at=jnp.where(arrived, step, ends.arrived_at),
        diverged_at=jnp.where(running & ~good, step, ends.diverged_at),
        low=None if ends.low is None else _lower(ends.low, step, seen, view, here),
    )


def _lower(low: Low, step: jax.Array, seen: Seen, view: jax.Array, here: jax.Array) -> Low:
    better = here & (seen.loss < low.best)
    best = jnp.where(better, seen.loss, low.best)
    reach = view[2] + jnp.hypot(*(seen.params - view[:2]))
    slope = jnp.sqrt(jnp.sum(seen.grads**2)) * reach
    return Low(
        best=best,
        early=jnp.where(step.astype(view.dtype) <= view[3], best, low.early),
        slope=jnp.where(better, slope, low.slope),
    )


def compile_count() -> int:
    """How many blocks have been compiled in this process: a measure for tests and benchmarks."""
    return ends_of._cache_size()  # pyright: ignore
