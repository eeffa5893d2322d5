"""Nesterov's accelerated gradient: momentum that looks before it leaps."""

from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from optviz.catalog import entry, switch
from optviz.optimizers import knobs
from optviz.optimizers.base import Optimizer, Params, StepContext


class NesterovState(NamedTuple):
    trace: Params  # velocity: running sum of gradients, shaped like params


@entry
class Nesterov(Optimizer):
    r"""Momentum whose gradient is taken where the velocity is about to carry the point.

    In words: Momentum, but the slope is read where the velocity is about to carry the point, so
    that it can brake before a wall and not after.

    The look-ahead form, with momentum $\beta$

    $$v_t = \beta\, v_{t-1} + \nabla f(\theta_t - \eta_t \beta\, v_{t-1}), \qquad
      \theta_{t+1} = \theta_t - \eta_t\, v_t$$

    The library form (PyTorch, the default) keeps the look-ahead point as $\theta$ itself

    $$v_t = \beta\, v_{t-1} + g_t, \qquad \theta_{t+1} = \theta_t - \eta_t\,(g_t + \beta\, v_t)$$

    so its path is the look-ahead points of the other, as long as $\eta$ and $\beta$ stay constant.
    Cost per step: one gradient. Memory: one copy of params.

    Variants:
        gradient at the point itself (`form=library`): PyTorch, optax, Keras
        gradient at the point looked ahead to (`form=look_ahead`): Nesterov 1983, Sutskever et al.
            2013

    Reference: Nesterov 1983 in the form of Sutskever et al. 2013,
    https://proceedings.mlr.press/v28/sutskever13.html
    """

    name: ClassVar[str] = "nesterov"
    label: ClassVar[str] = "Nesterov"
    kind: ClassVar[str] = "momentum"
    parents: ClassVar[tuple[str, ...]] = ("momentum",)
    adds: ClassVar[str] = "a look ahead"

    learning_rate: float = knobs.learning_rate(1e-2, help="How far to go along the velocity.")
    momentum: float = knobs.momentum(
        0.9,
        closed="both",
        help="Share of the velocity that is kept from step to step; at 1 nothing ever slows it.",
    )
    form: str = switch(
        "library",
        options=("library", "look_ahead"),
        help="Gradient at the point itself, as libraries do, or at the point looked ahead to.",
    )

    def init(self, params: Params) -> NesterovState:
        return NesterovState(jax.tree.map(jnp.zeros_like, params))

    def query(self, params: Params, state: NesterovState) -> Params:
        if self.form == "library":
            return params
        ahead = self.learning_rate * self.momentum
        return jax.tree.map(lambda p, v: p - ahead * v, params, state.trace)

    def update(self, ctx: StepContext, state: NesterovState) -> tuple[Params, NesterovState]:
        trace = jax.tree.map(lambda v, g: self.momentum * v + g, state.trace, ctx.grads)
        direction = trace
        if self.form == "library":
            direction = jax.tree.map(lambda g, v: g + self.momentum * v, ctx.grads, trace)
        return jax.tree.map(lambda d: -self.learning_rate * d, direction), NesterovState(trace)
