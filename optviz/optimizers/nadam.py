"""NAdam: Adam with Nesterov's momentum."""

from math import inf
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob, switch
from optviz.optimizers import knobs
from optviz.optimizers.base import Optimizer, Params, StepContext
from optviz.optimizers.means import running_mean, running_mean_square


class NAdamState(NamedTuple):
    mu: Params  # running mean of gradients, shaped like params
    nu: Params  # running mean of squared gradients, shaped like params
    product: jax.Array  # () of all momenta so far


@entry
class NAdam(Optimizer):
    r"""Adam that applies the momentum of the next step already now.

    In words: Adam, but its mean of gradients is carried one step further before it is used: the
    newest gradient counts in it once more. How much the mean counts and how much the newest
    gradient is set by a momentum that climbs to its full value.

    With $\mu_t = b_1 (1 - \frac12\, 0.96^{t \psi})$, which climbs from about half of $b_1$, and
    Adam's means $m_t$ and $v_t$

    $$\hat m_t = \frac{\mu_{t+1}\, m_t}{1 - \prod_{i=1}^{t+1} \mu_i}
                 + \frac{(1-\mu_t)\, g_t}{1 - \prod_{i=1}^{t} \mu_i}, \qquad
      \theta_{t+1} = \theta_t - \eta_t \frac{\hat m_t}{\sqrt{v_t/(1-b_2^t)} + \epsilon}$$

    As PyTorch has it, $m_t$ itself is made with the constant $b_1$. optax keeps $\mu_t = b_1$
    throughout (`warm_up` off).
    Cost per step: one gradient. Memory: two copies of params.

    Variants:
        momentum that climbs over thousands of steps (`warm_up=true`): Dozat 2016, PyTorch
        momentum that climbs within a hundred steps (`warm_up=true,momentum_decay=1`): Keras
        constant momentum (`warm_up=false`): optax

    Reference: Dozat 2016, https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ
    """

    name: ClassVar[str] = "nadam"
    label: ClassVar[str] = "NAdam"
    kind: ClassVar[str] = "adaptive"
    parents: ClassVar[tuple[str, ...]] = ("adam", "nesterov")
    adds: ClassVar[str] = "a look ahead"

    learning_rate: float = knobs.learning_rate(2e-3)
    b1: float = knobs.b1(0.9)
    b2: float = knobs.b2(0.999)
    eps: float = knobs.eps(1e-8)
    momentum_decay: float = knob(
        4e-3,
        domain=(0, inf),
        typical=(1e-4, 1),
        log=True,
        help="How fast the look-ahead's momentum climbs to its full value.",
    )
    warm_up: bool = switch(True, help="Whether the look-ahead's momentum starts at half.")

    def init(self, params: Params) -> NAdamState:
        zeros = jax.tree.map(jnp.zeros_like, params)
        return NAdamState(zeros, zeros, jnp.ones((), jnp.result_type(*jax.tree.leaves(params))))

    def update(self, ctx: StepContext, state: NAdamState) -> tuple[Params, NAdamState]:
        mu = running_mean(self.b1, state.mu, ctx.grads)
        nu = running_mean_square(self.b2, state.nu, ctx.grads)
        t = ctx.t
        now = following = self.b1
        if self.warm_up:
            now = self.b1 * (1 - 0.5 * 0.96 ** (t * self.momentum_decay))
            following = self.b1 * (1 - 0.5 * 0.96 ** ((t + 1) * self.momentum_decay))
        product = state.product * now
        of_mean = following / (1 - product * following)
        of_gradient = (1 - now) / (1 - product)

        def leaf(m: jax.Array, v: jax.Array, g: jax.Array) -> jax.Array:
            top = of_mean * m + of_gradient * g
            return -self.learning_rate * top / (jnp.sqrt(v / (1 - self.b2**t)) + self.eps)

        return jax.tree.map(leaf, mu, nu, ctx.grads), NAdamState(mu, nu, product)
