"""AMSGrad: Adam whose denominator never shrinks."""

from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from optviz.catalog import entry, switch
from optviz.optimizers import knobs
from optviz.optimizers.base import Optimizer, Params, StepContext
from optviz.optimizers.means import running_mean, running_mean_square


class AMSGradState(NamedTuple):
    mu: Params  # running mean of gradients, shaped like params
    nu: Params  # running mean of squared gradients, shaped like params
    nu_max: Params  # largest `nu` so far, shaped like params


@entry
class AMSGrad(Optimizer):
    r"""Adam with the largest mean square so far in place of the present one.

    In words: Keep the two running means of Adam, and in each coordinate the highest value that the
    second one ever had. Step by the first over the root of that highest value, so that a large
    gradient is never forgotten.

    $$m_t = b_1 m_{t-1} + (1-b_1) g_t, \qquad v_t = b_2 v_{t-1} + (1-b_2) g_t^2, \qquad
      \hat v_t = \max(\hat v_{t-1}, v_t)$$
    $$\theta_{t+1} = \theta_t - \eta_t \frac{m_t}{\sqrt{\hat v_t} + \epsilon}$$

    So no step size grows back, which repairs a case in which Adam does not converge. The paper
    corrects no bias (`none`); PyTorch divides by $1-b^t$ after the maximum has been taken
    (`after_maximum`), optax before (`before_maximum`: the first gradients then count longer).
    Cost per step: one gradient. Memory: three copies of params.

    Variants:
        bias corrected after the maximum is taken (`bias_correction=after_maximum`): PyTorch, Keras
        bias corrected before the maximum is taken (`bias_correction=before_maximum`): optax
        no bias correction (`bias_correction=none`): Reddi, Kale & Kumar 2018 (Algorithm 2)

    Reference: Reddi, Kale & Kumar 2018, Algorithm 2, https://arxiv.org/abs/1904.09237
    """

    name: ClassVar[str] = "amsgrad"
    label: ClassVar[str] = "AMSGrad"
    kind: ClassVar[str] = "adaptive"
    parents: ClassVar[tuple[str, ...]] = ("adam",)
    adds: ClassVar[str] = "a scale that never shrinks"

    learning_rate: float = knobs.learning_rate(
        1e-3, help="About how far each coordinate moves in one of the first steps."
    )
    b1: float = knobs.b1(0.9)
    b2: float = knobs.b2(
        0.999, help="Memory of the squared gradient, whose largest value sets the scale."
    )
    eps: float = knobs.eps(1e-8)
    bias_correction: str = switch(
        "after_maximum",
        options=("after_maximum", "before_maximum", "none"),
        help="Where the means, which start at zero, are corrected, if at all.",
    )

    def init(self, params: Params) -> AMSGradState:
        zeros = jax.tree.map(jnp.zeros_like, params)
        return AMSGradState(zeros, zeros, zeros)

    def update(self, ctx: StepContext, state: AMSGradState) -> tuple[Params, AMSGradState]:
        mu = running_mean(self.b1, state.mu, ctx.grads)
        nu = running_mean_square(self.b2, state.nu, ctx.grads)
        one_b1, one_b2 = 1 - self.b1**ctx.t, 1 - self.b2**ctx.t
        candidate, after = nu, one_b2
        if self.bias_correction == "before_maximum":
            candidate, after = jax.tree.map(lambda v: v / one_b2, nu), 1.0
        elif self.bias_correction == "none":
            one_b1 = after = 1.0
        nu_max = jax.tree.map(jnp.maximum, state.nu_max, candidate)

        def leaf(m: jax.Array, v: jax.Array) -> jax.Array:
            return -self.learning_rate * (m / one_b1) / (jnp.sqrt(v / after) + self.eps)

        return jax.tree.map(leaf, mu, nu_max), AMSGradState(mu, nu, nu_max)
