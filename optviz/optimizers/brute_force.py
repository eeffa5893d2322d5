"""Brute force: a grid, one point after the other, refined around the best point seen."""

from math import inf
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from optviz.catalog import entry, knob
from optviz.optimizers.base import Optimizer, Params, StepContext


class BruteForceState(NamedTuple):
    centre: jax.Array  # (n,) of the grid
    radius: jax.Array  # () half of the grid's width, as a share of the first one
    turn: jax.Array  # () int32, the grid point that is next
    best: jax.Array  # (n,)
    lowest: jax.Array  # () the loss there
    evaluations: jax.Array  # () int32


@entry
class BruteForce(Optimizer):
    r"""The baseline that needs no idea at all: look everywhere on a grid, then more closely.

    In words: Look at the next point of a grid and keep it if it is the lowest so far. When the
    whole grid has been seen, lay a finer one around the best point.

    With $k$ points an axis and half width $r$, one step looks at one grid point

    $$\theta = c + r\Bigl(\frac{2 i}{k - 1} - 1\Bigr), \qquad i \in \{0, \dots, k - 1\}^n$$

    After all $k^n$ of them the grid moves to the best point seen, as wide as two of its cells were,
    and so on within the budget; the point shown is the best one so far, the start included. A
    minimum between the points of a coarse grid stays unseen for ever. It keeps the lowest loss, so
    it must not be misled by noise.
    Cost per step: one loss (the first: two). Memory: two copies of params.

    Reference: grid search as in Bergstra & Bengio 2012,
    https://jmlr.org/papers/v13/bergstra12a.html
    """

    name: ClassVar[str] = "brute_force"
    label: ClassVar[str] = "Brute force"
    kind: ClassVar[str] = "baseline"
    parents: ClassVar[tuple[str, ...]] = ()
    adds: ClassVar[str] = "a grid of points"
    max_params: ClassVar[int | None] = 8
    instead: ClassVar[tuple[str, ...]] = ("random_search",)
    full_batch: ClassVar[bool] = True

    radius: float = knob(
        2.0,
        domain=(0, inf),
        closed="neither",
        typical=(0.1, 10),
        log=True,
        help="How far the first grid reaches from the start to each side.",
    )
    points: int = knob(
        5,
        domain=(4, 13),
        closed="both",
        typical=(4, 11),
        integer=True,
        static=True,
        help="How many grid points an axis has.",
    )

    def init(self, params: Params) -> BruteForceState:
        point, _ = ravel_pytree(params)
        none = jnp.zeros((), jnp.int32)
        one, infinite = jnp.ones((), point.dtype), jnp.full((), inf, point.dtype)
        return BruteForceState(point, one, none, point, infinite, none)

    def update(self, ctx: StepContext, state: BruteForceState) -> tuple[Params, BruteForceState]:
        point, unravel = ravel_pytree(ctx.params)
        count = int(self.points)
        cell = 2 / (count - 1)  # as a share of the half width
        powers = jnp.asarray([count**axis for axis in range(point.size)], jnp.int32)
        place = (state.turn // powers) % count
        share = place.astype(point.dtype) * cell - 1
        tried = state.centre + self.radius * state.radius * share
        loss = ctx.loss_fn(unravel(tried))
        first = ctx.step == 0
        at_start = jnp.where(jnp.isfinite(ctx.loss), ctx.loss, inf)
        lowest = jnp.where(first, at_start, state.lowest)
        better = loss < lowest  # not so where it is NaN
        best = jnp.where(better, tried, state.best)
        index = state.turn + 1
        over = index >= count**point.size
        return unravel(best - point), BruteForceState(
            centre=jnp.where(over, best, state.centre),
            radius=jnp.where(over, state.radius * cell, state.radius),
            turn=jnp.where(over, 0, index),
            best=best,
            lowest=jnp.where(better, loss, lowest),
            evaluations=state.evaluations + jnp.where(first, 2, 1).astype(jnp.int32),
        )

    def evaluations(self, state: BruteForceState) -> jax.Array:
        return state.evaluations

    def demand(self, num_params: int) -> str:
        return f"{self.points}^{num_params:,} grid points for one look around"
