"""Momentum: a heavy ball that remembers where it was going."""

from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob, switch
from optviz.optimizers import knobs
from optviz.optimizers.base import Optimizer, Params, StepContext


class MomentumState(NamedTuple):
    trace: Params  # velocity as its form has it, shaped like params


@entry
class Momentum(Optimizer):
    r"""Gradient descent along a velocity, the decaying sum of past gradients.

    In words: Keep a velocity. Every step it loses a share of itself and gains the new gradient, and
    the point moves along it: pushes that agree add up, pushes that alternate cancel.

    With momentum $\beta$ and dampening $d$

    $$v_1 = g_1, \qquad v_t = \beta\, v_{t-1} + (1 - d)\, g_t, \qquad
      \theta_{t+1} = \theta_t - \eta_t\, v_t$$

    The learning rate stands outside the velocity (`outside`), as in PyTorch, and the first gradient
    is not dampened there either. Two other forms keep it inside, so that a new rate leaves the
    velocity gathered so far as it is: $v_t = \beta v_{t-1} - \eta_t g_t,\;
    \theta_{t+1} = \theta_t + v_t$ (`signed`) and $m_t = \beta m_{t-1} + \eta_t g_t,\;
    \theta_{t+1} = \theta_t - m_t$ (`inside`). At a constant rate all three are one path; these two
    always are. On a quadratic it converges for $\eta < 2(1+\beta)/\lambda_{\max}$ ($d = 0$).
    Cost per step: one gradient. Memory: one copy of params.

    Variants:
        learning rate outside the velocity, no dampening: PyTorch, optax, most papers since 2013
        learning rate inside the velocity: the same path while the rate stays constant: Sutskever et
            al. 2013, Keras
        a mean instead of a sum of gradients (`dampening=0.9`): users of dampening = momentum

    Reference: Polyak 1964, https://doi.org/10.1016/0041-5553(64)90137-5
    """

    name: ClassVar[str] = "momentum"
    label: ClassVar[str] = "Momentum"
    kind: ClassVar[str] = "momentum"
    parents: ClassVar[tuple[str, ...]] = ("sgd",)
    adds: ClassVar[str] = "a velocity"

    learning_rate: float = knobs.learning_rate(1e-2, help="How far to go along the velocity.")
    momentum: float = knobs.momentum(
        0.9,
        closed="both",
        help="Share of the velocity that is kept from step to step; at 1 nothing ever slows it.",
    )
    dampening: float = knob(
        0.0,
        domain=(0, 1),
        closed="both",
        typical=(0, 0.99),
        help="Share of each new gradient that is left out of the velocity.",
    )

    form: str = switch(
        "outside",
        options=("outside", "signed", "inside"),
        help="Whether the learning rate multiplies the velocity or what enters it.",
    )

    def init(self, params: Params) -> MomentumState:
        return MomentumState(jax.tree.map(jnp.zeros_like, params))

    def update(self, ctx: StepContext, state: MomentumState) -> tuple[Params, MomentumState]:
        fresh = jnp.where(ctx.step == 0, 1.0, 1.0 - self.dampening).astype(ctx.loss.dtype)
        enters, moves = {
            "outside": (1.0, -self.learning_rate),
            "signed": (-self.learning_rate, 1.0),
            "inside": (self.learning_rate, -1.0),
        }[self.form]

        def velocity(v: jax.Array, g: jax.Array) -> jax.Array:
            return self.momentum * v + enters * (fresh.astype(g.dtype) * g)

        trace = jax.tree.map(velocity, state.trace, ctx.grads)
        return jax.tree.map(lambda v: moves * v, trace), MomentumState(trace)
