"""SAM: the gradient from the worst place nearby."""

from math import inf
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob
from optviz.optimizers import knobs
from optviz.optimizers.base import Optimizer, Params, StepContext
from optviz.optimizers.norms import squared_norm


class SAMState(NamedTuple):
    trace: Params  # velocity: running sum of gradients, shaped like params
    evaluations: jax.Array  # () int32, gradients so far


@entry
class SAM(Optimizer):
    r"""Descends by the gradient at a point uphill, which flat minima hardly change.

    In words: Climb a short way straight uphill and take the gradient there. Then go back, and step
    from the old point by this second gradient.

    $$\hat\epsilon_t = \rho\, \frac{g_t}{\lVert g_t \rVert}, \qquad
      \theta_{t+1} = \theta_t - \eta_t\, \nabla f(\theta_t + \hat\epsilon_t)$$

    The norm is that of the whole gradient, and the second gradient sees the same mini-batch or
    noise as the first. The paper's Algorithm 1 uses plain gradient descent; with momentum
    $\beta > 0$ the second gradient enters a velocity $v_t = \beta v_{t-1} + g$, as in its
    experiments. Near a minimum the point hovers, as $\rho$ never shrinks.
    Cost per step: two gradients. Memory: one copy of params.

    Reference: Foret et al. 2021, Algorithm 1, https://arxiv.org/abs/2010.01412
    """

    name: ClassVar[str] = "sam"
    label: ClassVar[str] = "SAM"
    kind: ClassVar[str] = "wrapper"
    parents: ClassVar[tuple[str, ...]] = ("sgd",)
    adds: ClassVar[str] = "the gradient at the worst point nearby"

    learning_rate: float = knobs.learning_rate(
        1e-2, help="How far to go along the negative gradient."
    )
    rho: float = knob(
        0.05,
        domain=(0, inf),
        typical=(1e-3, 1),
        log=True,
        help="How far uphill the gradient is taken.",
    )
    momentum: float = knobs.momentum(0.0)

    def init(self, params: Params) -> SAMState:
        return SAMState(jax.tree.map(jnp.zeros_like, params), jnp.zeros((), jnp.int32))

    def evaluations(self, state: SAMState) -> jax.Array:
        return state.evaluations

    def update(self, ctx: StepContext, state: SAMState) -> tuple[Params, SAMState]:
        square = squared_norm(ctx.grads)
        moving = square > 0  # without a slope no direction is uphill
        scale = jnp.where(moving, self.rho / jnp.sqrt(jnp.where(moving, square, 1)), 0)
        uphill = jax.tree.map(lambda p, g: p + scale * g, ctx.params, ctx.grads)
        grads = jax.grad(ctx.loss_fn)(uphill)
        trace = jax.tree.map(lambda v, g: self.momentum * v + g, state.trace, grads)
        updates = jax.tree.map(lambda v: -self.learning_rate * v, trace)
        return updates, SAMState(trace, state.evaluations + 2)
