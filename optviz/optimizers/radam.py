"""RAdam: Adam that waits until its denominator can be trusted."""

from math import inf
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob, switch
from optviz.optimizers import knobs
from optviz.optimizers.base import Optimizer, Params, StepContext
from optviz.optimizers.means import running_mean, running_mean_square


class RAdamState(NamedTuple):
    mu: Params  # running mean of gradients, shaped like params
    nu: Params  # running mean of squared gradients, shaped like params


@entry
class RAdam(Optimizer):
    r"""Adam with a warm-up that follows from how many gradients its denominator has seen.

    In words: Keep the two running means of Adam. While too few gradients have been seen to trust
    the scale, step by the mean gradient alone; afterwards take the step of Adam, shortened by how
    much the scale can be trusted.

    $$\rho_\infty = \frac{2}{1-b_2} - 1, \qquad
      \rho_t = \rho_\infty - \frac{2 t\, b_2^t}{1-b_2^t}, \qquad
      r_t^2 = \frac{(\rho_t-4)(\rho_t-2)\,\rho_\infty}{(\rho_\infty-4)(\rho_\infty-2)\,\rho_t}$$
    $$\theta_{t+1} = \theta_t - \eta_t\, \hat m_t \begin{cases}
        r_t \big/ \big(\sqrt{\hat v_t} + \epsilon\big) & \rho_t > \text{threshold} \\
        1 & \text{otherwise} \end{cases}$$

    with Adam's corrected means $\hat m_t, \hat v_t$: the first steps are momentum, in the units of
    the gradient. The paper's threshold is 4, PyTorch's and optax's 5 (at $b_2 = 0.999$: five such
    steps). PyTorch adds $\epsilon$ to the root before its bias is corrected, optax after
    (`eps_after_correction`); the paper has no $\epsilon$.
    Cost per step: one gradient. Memory: two copies of params.

    Variants:
        ε before the root is corrected (`eps_after_correction=false`): PyTorch
        ε after the root is corrected (`eps_after_correction=true`): optax

    Reference: Liu et al. 2020, Algorithm 2, https://arxiv.org/abs/1908.03265
    """

    name: ClassVar[str] = "radam"
    label: ClassVar[str] = "RAdam"
    kind: ClassVar[str] = "adaptive"
    parents: ClassVar[tuple[str, ...]] = ("adam",)
    adds: ClassVar[str] = "no scale until it can be trusted"

    learning_rate: float = knobs.learning_rate(
        1e-3, help="About how far each coordinate moves in one step, after the first few."
    )
    b1: float = knobs.b1(0.9)
    b2: float = knobs.b2(
        0.999, help="Memory of the squared gradient; at 0.6 or less the rule stays momentum."
    )
    eps: float = knobs.eps(1e-8)
    threshold: float = knob(
        5.0,
        domain=(4, inf),
        typical=(4, 10),
        help="How many gradients, in effect, must have been seen before they set the scale.",
    )
    eps_after_correction: bool = switch(
        False, help="Whether ε is added after the bias of the root has been corrected."
    )

    def init(self, params: Params) -> RAdamState:
        zeros = jax.tree.map(jnp.zeros_like, params)
        return RAdamState(mu=zeros, nu=zeros)

    def update(self, ctx: StepContext, state: RAdamState) -> tuple[Params, RAdamState]:
        mu = running_mean(self.b1, state.mu, ctx.grads)
        nu = running_mean_square(self.b2, state.nu, ctx.grads)
        t = ctx.t
        one_b1, one_b2 = 1 - self.b1**t, 1 - self.b2**t
        limit = 2 / (1 - self.b2) - 1
        seen = limit - 2 * t * self.b2**t / one_b2
        trusted = seen > self.threshold
        # Both factors are positive where they are used; elsewhere 1 keeps the root real.
        ratio = (seen - 4) * (seen - 2) * limit / ((limit - 4) * (limit - 2) * seen)
        rectifier = jnp.sqrt(jnp.where(trusted, ratio, 1))

        def leaf(m: jax.Array, v: jax.Array) -> jax.Array:
            if self.eps_after_correction:
                scale = 1 / (jnp.sqrt(v / one_b2) + self.eps)
            else:
                scale = jnp.sqrt(one_b2) / (jnp.sqrt(v) + self.eps)
            return -self.learning_rate * (m / one_b1) * jnp.where(trusted, rectifier * scale, 1)

        return jax.tree.map(leaf, mu, nu), RAdamState(mu, nu)
