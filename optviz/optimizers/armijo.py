"""Gradient descent that finds its own step: try a long one, shorten it until it pays."""

from math import inf
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob
from optviz.optimizers.base import Optimizer, Params, StepContext

MAX_TRIALS = 100


class ArmijoState(NamedTuple):
    evaluations: jax.Array  # () int32


@entry
class Armijo(Optimizer):
    r"""Gradient descent with backtracking: no learning rate has to be known.

    In words: Try a long step straight downhill. While it brings less than a fair share of the
    descent that the slope promises, shorten it and try again; take the first one that pays.

    The longest of the steps $t = \alpha, \alpha\beta, \alpha\beta^2, \dots$ that meets Armijo's
    condition

    $$f(\theta - t\, g) \le f(\theta) - c\, t\, \lVert g \rVert^2, \qquad
      \theta_{t+1} = \theta_t - t\, g_t$$

    is taken. Where none of 100 does, it stays; where the promised descent is too small to be
    seen in the loss's last digit, so short a step is taken if it does not climb.
    Cost per step: one gradient, and one loss for each trial. Memory: none.

    Reference: Armijo 1966, https://doi.org/10.2140/pjm.1966.16.1
    """

    name: ClassVar[str] = "armijo"
    label: ClassVar[str] = "GD + Armijo"
    half_precision: ClassVar[bool] = False
    kind: ClassVar[str] = "line search"
    parents: ClassVar[tuple[str, ...]] = ("sgd",)
    adds: ClassVar[str] = "a step length that is tried first"

    first_step: float = knob(
        1.0,
        domain=(0, inf),
        closed="neither",
        typical=(1e-3, 10),
        log=True,
        help="The step that is tried first, as a multiple of the gradient.",
    )
    shrink: float = knob(
        0.5,
        domain=(0, 1),
        closed="neither",
        typical=(0.1, 0.9),
        help="What a step that does not pay is multiplied by.",
    )
    c1: float = knob(
        1e-4,
        domain=(0, 1),
        typical=(1e-4, 0.5),
        log=True,
        help="Share of the descent that the slope promises which a step must bring.",
    )

    def init(self, params: Params) -> ArmijoState:
        return ArmijoState(jnp.zeros((), jnp.int32))

    def update(self, ctx: StepContext, state: ArmijoState) -> tuple[Params, ArmijoState]:
        slope = sum(jnp.sum(g**2) for g in jax.tree.leaves(ctx.grads))
        number = ctx.loss.dtype

        def along(step: jax.Array) -> jax.Array:
            moved = jax.tree.map(lambda p, g: p - step.astype(p.dtype) * g, ctx.params, ctx.grads)
            return ctx.loss_fn(moved)

        def going(search: tuple[jax.Array, jax.Array, jax.Array]) -> jax.Array:
            tried, step, loss = search
            promised = self.c1 * step * slope
            seen = step * slope > jnp.finfo(number).eps * jnp.abs(ctx.loss)
            enough = loss <= ctx.loss - jnp.where(seen, promised, 0)
            return ~enough & seen & (tried < MAX_TRIALS)

        def shorter(
            search: tuple[jax.Array, jax.Array, jax.Array],
        ) -> tuple[jax.Array, jax.Array, jax.Array]:
            tried, step, _ = search
            step = jnp.where(tried == 0, step, step * self.shrink)
            return tried + 1, step, along(step)

        start = jnp.asarray(self.first_step, number)
        nowhere = (jnp.zeros((), jnp.int32), start, jnp.asarray(inf, number))
        tried, step, loss = jax.lax.while_loop(going, shorter, nowhere)
        step = jnp.where(loss <= ctx.loss, step, 0)
        updates = jax.tree.map(lambda g: -step.astype(g.dtype) * g, ctx.grads)
        return updates, ArmijoState(state.evaluations + 1 + tried)

    def evaluations(self, state: ArmijoState) -> jax.Array:
        return state.evaluations
