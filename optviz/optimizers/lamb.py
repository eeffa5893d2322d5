"""LAMB: Adam's direction, every layer moved by a share of its own length."""

from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from optviz.catalog import entry
from optviz.optimizers import knobs
from optviz.optimizers.base import Optimizer, Params, StepContext
from optviz.optimizers.means import running_mean, running_mean_square


class LAMBState(NamedTuple):
    mu: Params  # running mean of gradients, shaped like params
    nu: Params  # running mean of squared gradients, shaped like params


@entry
class LAMB(Optimizer):
    r"""AdamW whose step in each layer is scaled to the length of the layer's weights.

    In words: In each layer take the direction of AdamW, decay included. Give it the length of the
    layer's weights and go the share of it that the learning rate says.

    For each array $x$ of the parameters, with Adam's corrected means $\hat m_t, \hat v_t$ and
    weight decay $\lambda$

    $$r_t = \frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}, \qquad
      x_{t+1} = x_t - \eta_t\, \frac{\lVert x_t \rVert}{\lVert r_t + \lambda x_t \rVert}
                (r_t + \lambda x_t)$$

    Where a norm is zero the ratio is 1; the paper's function $\phi$ of the length is the identity
    here, as in optax. On a bare point the whole point is one layer: every step is $\eta$ times its
    distance from the origin long, so that the rule never rests where the minimum is elsewhere.
    optax's default weight decay is 0.
    Cost per step: one gradient. Memory: two copies of params.

    Reference: You et al. 2020, Algorithm 2, https://arxiv.org/abs/1904.00962
    """

    name: ClassVar[str] = "lamb"
    label: ClassVar[str] = "LAMB"
    kind: ClassVar[str] = "adaptive"
    parents: ClassVar[tuple[str, ...]] = ("adamw", "lars")
    adds: ClassVar[str] = "a step as long as the layer's weights ask"
    elementwise: ClassVar[bool] = False

    learning_rate: float = knobs.learning_rate(
        1e-3, help="Share of its own length that every layer moves in one step."
    )
    b1: float = knobs.b1(0.9)
    b2: float = knobs.b2(0.999)
    eps: float = knobs.eps(1e-6)
    weight_decay: float = knobs.weight_decay(1e-2, typical=(1e-5, 1), log=True)

    def init(self, params: Params) -> LAMBState:
        zeros = jax.tree.map(jnp.zeros_like, params)
        return LAMBState(mu=zeros, nu=zeros)

    def update(self, ctx: StepContext, state: LAMBState) -> tuple[Params, LAMBState]:
        mu = running_mean(self.b1, state.mu, ctx.grads)
        nu = running_mean_square(self.b2, state.nu, ctx.grads)

        def leaf(m: jax.Array, v: jax.Array, x: jax.Array) -> jax.Array:
            m_hat, v_hat = m / (1 - self.b1**ctx.t), v / (1 - self.b2**ctx.t)
            direction = m_hat / (jnp.sqrt(v_hat) + self.eps) + self.weight_decay * x
            length, reach = jnp.linalg.norm(x.ravel()), jnp.linalg.norm(direction.ravel())
            usable = (length > 0) & (reach > 0)
            trust = jnp.where(usable, length / jnp.where(usable, reach, 1), 1)
            return -self.learning_rate * trust * direction

        return jax.tree.map(leaf, mu, nu, ctx.params), LAMBState(mu, nu)
