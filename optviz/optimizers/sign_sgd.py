"""Sign descent: only the direction of each coordinate, never its size."""

from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from optviz.catalog import entry
from optviz.optimizers import knobs
from optviz.optimizers.base import Optimizer, Params, StepContext
from optviz.optimizers.means import running_mean


class SignSGDState(NamedTuple):
    mu: Params  # running mean of gradients, shaped like params


@entry
class SignSGD(Optimizer):
    r"""Moves every coordinate by the learning rate, towards where the loss falls.

    In words: Look only at the sign of each coordinate's gradient, or of its running mean, and move
    the coordinate by the learning rate the other way. How steep it is makes no difference.

    With momentum $\beta$ (the paper's Signum; $\beta = 0$ is its signSGD)

    $$m_t = \beta m_{t-1} + (1-\beta) g_t, \qquad
      \theta_{t+1} = \theta_t - \eta_t\, \mathrm{sign}(m_t)$$

    The step does not shrink near a minimum: it ends hovering at about $\eta$ from it, unless the
    rate falls. A coordinate without gradient stays. optax's `sign_sgd` has no momentum.
    Cost per step: one gradient. Memory: one copy of params.

    Reference: Bernstein et al. 2018, Algorithms 1 and 2, https://arxiv.org/abs/1802.04434
    """

    name: ClassVar[str] = "sign_sgd"
    label: ClassVar[str] = "signSGD"
    kind: ClassVar[str] = "sign"
    parents: ClassVar[tuple[str, ...]] = ("sgd", "rprop")
    adds: ClassVar[str] = "the sign alone"

    learning_rate: float = knobs.learning_rate(
        1e-3, help="How far every coordinate moves in every step."
    )
    momentum: float = knobs.decay(
        0.0,
        typical=(0, 0.99),
        help="Memory of the mean gradient whose sign is taken; 0 takes the newest alone.",
    )

    def init(self, params: Params) -> SignSGDState:
        return SignSGDState(jax.tree.map(jnp.zeros_like, params))

    def update(self, ctx: StepContext, state: SignSGDState) -> tuple[Params, SignSGDState]:
        mu = running_mean(self.momentum, state.mu, ctx.grads)
        return jax.tree.map(lambda m: -self.learning_rate * jnp.sign(m), mu), SignSGDState(mu)
