"""AdaMax: Adam with the largest gradient in place of the mean square."""

from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from optviz.catalog import entry
from optviz.optimizers import knobs
from optviz.optimizers.base import Optimizer, Params, StepContext
from optviz.optimizers.means import running_mean


class AdaMaxState(NamedTuple):
    mu: Params  # running mean of gradients, shaped like params
    nu: Params  # slowly forgotten largest gradient, shaped like params


@entry
class AdaMax(Optimizer):
    r"""Divides the mean gradient by the largest one seen lately.

    In words: Keep a running mean of the gradient, for the direction, and in each coordinate the
    largest gradient of late, which fades slowly. Correct the mean for having started at zero and
    divide it by the largest: hardly any step is longer than the learning rate.

    $$m_t = b_1 m_{t-1} + (1-b_1) g_t, \qquad u_t = \max(b_2 u_{t-1}, |g_t|), \qquad
      \theta_{t+1} = \theta_t - \frac{\eta_t}{1-b_1^t}\, \frac{m_t}{u_t}$$

    Adam's limit when its squares become ever higher powers; no step is longer than about $\eta$.
    The paper has no $\epsilon$: as in PyTorch and optax it is added to $|g_t|$ before the maximum.
    Cost per step: one gradient. Memory: two copies of params.

    Reference: Kingma & Ba 2015, Algorithm 2, https://arxiv.org/abs/1412.6980
    """

    name: ClassVar[str] = "adamax"
    label: ClassVar[str] = "AdaMax"
    kind: ClassVar[str] = "adaptive"
    parents: ClassVar[tuple[str, ...]] = ("adam",)
    adds: ClassVar[str] = "the largest gradient as scale"

    learning_rate: float = knobs.learning_rate(
        2e-3, help="About the longest step that a coordinate takes."
    )
    b1: float = knobs.b1(0.9)
    b2: float = knobs.b2(0.999, help="How slowly a large gradient is forgotten.")
    eps: float = knobs.eps(
        1e-8, help="Added to every gradient's size, so that nothing is divided by zero."
    )

    def init(self, params: Params) -> AdaMaxState:
        zeros = jax.tree.map(jnp.zeros_like, params)
        return AdaMaxState(mu=zeros, nu=zeros)

    def update(self, ctx: StepContext, state: AdaMaxState) -> tuple[Params, AdaMaxState]:
        mu = running_mean(self.b1, state.mu, ctx.grads)
        nu = jax.tree.map(
            lambda u, g: jnp.maximum(self.b2 * u, jnp.abs(g) + self.eps), state.nu, ctx.grads
        )
        rate = self.learning_rate / (1 - self.b1**ctx.t)
        return jax.tree.map(lambda m, u: -rate * m / u, mu, nu), AdaMaxState(mu, nu)
