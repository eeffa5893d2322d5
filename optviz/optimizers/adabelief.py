"""AdaBelief: long steps where the gradient came as expected."""

from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from optviz.catalog import entry
from optviz.optimizers import knobs
from optviz.optimizers.base import Optimizer, Params, StepContext
from optviz.optimizers.means import running_mean


class AdaBeliefState(NamedTuple):
    mu: Params  # running mean of gradients, shaped like params
    nu: Params  # running mean of squared surprises, shaped like params


@entry
class AdaBelief(Optimizer):
    r"""Adam whose denominator is the gradient's distance from its mean, not its size.

    In words: Keep a running mean of the gradient, and one of the squared distance from that mean.
    Correct both for having started at zero and step by the first over the root of the second: far
    where the gradient comes as expected, little where it surprises.

    $$m_t = b_1 m_{t-1} + (1-b_1) g_t, \qquad
      s_t = b_2 s_{t-1} + (1-b_2)(g_t - m_t)^2 + \epsilon$$
    $$\theta_{t+1} = \theta_t - \eta_t\,
      \frac{m_t / (1-b_1^t)}{\sqrt{s_t / (1-b_2^t)} + \epsilon}$$

    $\epsilon$ is added in both places, and at every step to the state itself, as printed; the
    paper's code and optax do so too, with 1e-16. On a long even slope the surprise vanishes and
    $\epsilon$ alone limits the step.
    Cost per step: one gradient. Memory: two copies of params.

    Reference: Zhuang et al. 2020, Algorithm 2, https://arxiv.org/abs/2010.07468
    """

    name: ClassVar[str] = "adabelief"
    label: ClassVar[str] = "AdaBelief"
    kind: ClassVar[str] = "adaptive"
    parents: ClassVar[tuple[str, ...]] = ("adam",)
    adds: ClassVar[str] = "the spread around the mean in place of the square"

    learning_rate: float = knobs.learning_rate(
        1e-3, help="About how far a coordinate moves whose gradient is all surprise."
    )
    b1: float = knobs.b1(
        0.9, help="Memory of the mean gradient: what the next one is expected to be."
    )
    b2: float = knobs.b2(
        0.999, help="Memory of the squared surprise, which sets each coordinate's scale."
    )
    eps: float = knobs.eps(
        1e-16,
        typical=(1e-16, 1e-2),
        help="Smallest surprise; larger shortens the steps on an even slope.",
    )

    def init(self, params: Params) -> AdaBeliefState:
        zeros = jax.tree.map(jnp.zeros_like, params)
        return AdaBeliefState(mu=zeros, nu=zeros)

    def update(self, ctx: StepContext, state: AdaBeliefState) -> tuple[Params, AdaBeliefState]:
        mu = running_mean(self.b1, state.mu, ctx.grads)

        def surprise(s: jax.Array, g: jax.Array, m: jax.Array) -> jax.Array:
            return self.b2 * s + (1 - self.b2) * (g - m) ** 2 + self.eps

        nu = jax.tree.map(surprise, state.nu, ctx.grads, mu)

        def leaf(m: jax.Array, s: jax.Array) -> jax.Array:
            m_hat, s_hat = m / (1 - self.b1**ctx.t), s / (1 - self.b2**ctx.t)
            return -self.learning_rate * m_hat / (jnp.sqrt(s_hat) + self.eps)

        return jax.tree.map(leaf, mu, nu), AdaBeliefState(mu, nu)
