"""Nelder and Mead's simplex: a triangle that tumbles downhill, without any gradient."""

from math import inf
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from optviz.catalog import entry, knob
from optviz.optimizers.base import Optimizer, Params, StepContext

SAFE = 1e30  # stands for a loss that is not finite: higher than any other


class NelderMeadState(NamedTuple):
    corners: jax.Array  # (n + 1, n), the lowest first once their losses are known
    losses: jax.Array  # (n + 1,)
    evaluations: jax.Array  # () int32


@entry
class NelderMead(Optimizer):
    r"""Moves the highest corner of a simplex through the middle of the others.

    In words: Mirror the highest corner of a simplex through the middle of the others. If that is
    the lowest yet, try twice as far; if it does not help, try half as far. Where that fails too,
    all corners move halfway to the lowest.

    With corners sorted by loss and $\bar\theta$ the mean of all but the highest $\theta_n$, tries

    $$r = \bar\theta + (\bar\theta - \theta_n), \quad
      e = \bar\theta + 2(\bar\theta - \theta_n), \quad
      c_o = \bar\theta + \tfrac12(\bar\theta - \theta_n), \quad
      c_i = \bar\theta - \tfrac12(\bar\theta - \theta_n)$$

    $e$ after a new lowest $r$, a contraction $c_o$ or $c_i$ after an $r$ that is no better than
    the second highest; where that fails too, all corners move half of the way to the lowest, which
    is the point shown. The first step only looks at the corners. It keeps their losses, so it must
    not be misled by noise, and in more than about ten dimensions it often stops short.
    Cost per step: mostly one or two losses, n more to shrink. Memory: n² numbers.

    Reference: Nelder & Mead 1965, https://doi.org/10.1093/comjnl/7.4.308
    """

    name: ClassVar[str] = "nelder_mead"
    label: ClassVar[str] = "Nelder–Mead"
    kind: ClassVar[str] = "baseline"
    parents: ClassVar[tuple[str, ...]] = ()
    adds: ClassVar[str] = "a simplex that crawls downhill"
    max_params: ClassVar[int | None] = 64
    instead: ClassVar[tuple[str, ...]] = ("random_search",)
    full_batch: ClassVar[bool] = True

    size: float = knob(
        0.5,
        domain=(0, inf),
        closed="neither",
        typical=(0.01, 2),
        log=True,
        help="How far the other corners stand from the start at first.",
    )

    def init(self, params: Params) -> NelderMeadState:
        point, _ = ravel_pytree(params)
        offsets = jnp.eye(point.size + 1, point.size, -1, dtype=point.dtype)
        corners = point[None] + self.size * offsets
        zeros = jnp.zeros(point.size + 1, point.dtype)
        return NelderMeadState(corners, zeros, jnp.zeros((), jnp.int32))

    def update(self, ctx: StepContext, state: NelderMeadState) -> tuple[Params, NelderMeadState]:
        point, unravel = ravel_pytree(ctx.params)
        n = point.size
        corners, losses = state.corners, state.losses
        lowest, highest = corners[:1], corners[-1:]
        middle = jnp.mean(corners[:-1], axis=0, keepdims=True)
        away = middle - highest
        # All points that this step may need, in one call: the loss is compiled once.
        shrunk = lowest + 0.5 * (corners[1:] - lowest)
        tried = jnp.concatenate(
            [middle + away, middle + 2 * away, middle + 0.5 * away, middle - 0.5 * away, shrunk]
        )
        looks = ctx.step == 0
        padded = jnp.concatenate([corners, jnp.broadcast_to(lowest, (3, n))])
        seen = jax.vmap(lambda p: ctx.loss_fn(unravel(p)))(jnp.where(looks, padded, tried))
        seen = jnp.where(jnp.isfinite(seen), seen, SAFE)
        reflected, expanded, outer, inner = seen[:4]

        expands = reflected < losses[0]
        takes_expanded = expands & (expanded < reflected)
        takes_reflected = (expands & ~takes_expanded) | (~expands & (reflected < losses[-2]))
        contracts = ~expands & ~takes_reflected
        outside = contracts & (reflected < losses[-1])
        takes_outer = outside & (outer <= reflected)
        takes_inner = contracts & ~outside & (inner < losses[-1])
        shrinks = contracts & ~takes_outer & ~takes_inner

        choice = jnp.where(
            takes_expanded, 1, jnp.where(takes_outer, 2, jnp.where(takes_inner, 3, 0))
        )
        moved = jnp.concatenate([corners[:-1], tried[choice][None]])
        moved_losses = jnp.concatenate([losses[:-1], seen[choice][None]])
        moved = jnp.where(shrinks, jnp.concatenate([lowest, shrunk]), moved)
        moved_losses = jnp.where(shrinks, jnp.concatenate([losses[:1], seen[4:]]), moved_losses)
        corners = jnp.where(looks, corners, moved)
        losses = jnp.where(looks, seen[: n + 1], moved_losses)
        order = jnp.argsort(losses)
        spent = 1 + jnp.where(expands | contracts, 1, 0) + jnp.where(shrinks, n, 0)
        spent = state.evaluations + jnp.where(looks, n + 1, spent).astype(jnp.int32)
        corners = corners[order]
        return unravel(corners[0] - point), NelderMeadState(corners, losses[order], spent)

    def evaluations(self, state: NelderMeadState) -> jax.Array:
        return state.evaluations

    def demand(self, num_params: int) -> str:
        return f"a simplex of {num_params + 1:,} corners"
