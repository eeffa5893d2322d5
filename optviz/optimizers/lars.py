"""LARS: every layer moves by a share of its own length."""

from math import inf
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob, switch
from optviz.optimizers import knobs
from optviz.optimizers.base import Optimizer, Params, StepContext


class LARSState(NamedTuple):
    trace: Params  # velocity, the rates inside, shaped like params


@entry
class LARS(Optimizer):
    r"""Momentum with a learning rate for each layer: its weights' norm over its gradient's.

    In words: Give each layer a rate of its own: the length of its weights over the length of its
    gradient. The gradient times that rate, with a pull towards zero, enters a velocity, and the
    layer moves along it.

    For each array $w$ of the parameters, with gradient $g$, trust coefficient $\tau$, weight decay
    $\beta$ and momentum $m$

    $$\lambda_t = \tau \frac{\lVert w_t \rVert}{\lVert g_t \rVert + \beta \lVert w_t \rVert}, \qquad
      v_{t+1} = m\, v_t + \eta_t \lambda_t (g_t + \beta w_t), \qquad w_{t+1} = w_t - v_{t+1}$$

    Implementations differ in the denominator: the sum of the norms as printed (`apart`) or the norm
    of the sum (optax, `together`). Where a norm is zero the ratio is 1. On a bare point the whole
    point is one layer: the steps are in proportion to its distance from the origin, however small
    the gradient.
    Cost per step: one gradient. Memory: one copy of params.

    Variants:
        norms of gradient and decay added (`norms=apart`): You, Gitman & Ginsburg 2017 (Algorithm 1)
        norm of gradient and decay together (`norms=together`): optax, SimCLR

    Reference: You, Gitman & Ginsburg 2017, Algorithm 1, https://arxiv.org/abs/1708.03888
    """

    name: ClassVar[str] = "lars"
    label: ClassVar[str] = "LARS"
    kind: ClassVar[str] = "adaptive"
    parents: ClassVar[tuple[str, ...]] = ("momentum",)
    adds: ClassVar[str] = "a learning rate per layer"
    elementwise: ClassVar[bool] = False

    learning_rate: float = knobs.learning_rate(
        1.0, typical=(1e-2, 100), help="Factor on every layer's own rate."
    )
    momentum: float = knobs.momentum(0.9)
    weight_decay: float = knobs.weight_decay(5e-4, typical=(1e-6, 1e-1), log=True)
    trust_coefficient: float = knob(
        1e-3,
        domain=(0, inf),
        typical=(1e-4, 1e-1),
        log=True,
        help="Share of its own length that a layer moves in one step.",
    )
    norms: str = switch(
        "apart",
        options=("apart", "together"),
        help="Norms of gradient and decay added, or the norm of both together.",
    )

    def init(self, params: Params) -> LARSState:
        return LARSState(jax.tree.map(jnp.zeros_like, params))

    def update(self, ctx: StepContext, state: LARSState) -> tuple[Params, LARSState]:
        def velocity(v: jax.Array, g: jax.Array, w: jax.Array) -> jax.Array:
            pull = g + self.weight_decay * w
            length = jnp.linalg.norm(w.ravel())
            if self.norms == "together":
                slope = jnp.linalg.norm(pull.ravel())
            else:
                slope = jnp.linalg.norm(g.ravel()) + self.weight_decay * length
            usable = (length > 0) & (slope > 0)
            trust = self.trust_coefficient * length / jnp.where(usable, slope, 1)
            return self.momentum * v + self.learning_rate * jnp.where(usable, trust, 1) * pull

        trace = jax.tree.map(velocity, state.trace, ctx.grads, ctx.params)
        return jax.tree.map(jnp.negative, trace), LARSState(trace)
