"""Yogi: Adam whose denominator changes by steps of one size."""

from math import inf
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob, switch
from optviz.optimizers import knobs
from optviz.optimizers.base import Optimizer, Params, StepContext
from optviz.optimizers.means import running_mean


class YogiState(NamedTuple):
    mu: Params  # running mean of gradients, shaped like params
    nu: Params  # scale of squared gradients, shaped like params


@entry
class Yogi(Optimizer):
    r"""Adam whose denominator forgets large gradients slowly, whatever its own size.

    In words: Adam, but the scale moves towards the newest squared gradient by a small share of that
    square, not by a share of the gap. So small gradients lower it only slowly, and steps do not
    suddenly become long.

    $$m_t = b_1 m_{t-1} + (1-b_1) g_t, \qquad
      v_t = v_{t-1} - (1-b_2)\, \mathrm{sign}(v_{t-1} - g_t^2)\, g_t^2$$
    $$\theta_{t+1} = \theta_t - \eta_t \frac{m_t}{\sqrt{v_t} + \epsilon}$$

    Where Adam's $v$ falls by a share of itself, Yogi's falls by a share of the small $g^2$, so that
    the step size does not shoot up. The paper prints no bias correction; libraries divide both
    means by $1-b^t$ as Adam does (`bias_correction`). $v_0$ is a small positive number; optax
    starts $m$ there too, this rule at 0.
    Cost per step: one gradient. Memory: two copies of params.

    Variants:
        bias corrected (`bias_correction=true`): optax, TensorFlow Addons
        no bias correction (`bias_correction=false`): Zaheer et al. 2018 (Algorithm 2)

    Reference: Zaheer et al. 2018, Algorithm 2,
    https://papers.nips.cc/paper/8186-adaptive-methods-for-nonconvex-optimization
    """

    name: ClassVar[str] = "yogi"
    label: ClassVar[str] = "Yogi"
    kind: ClassVar[str] = "adaptive"
    parents: ClassVar[tuple[str, ...]] = ("adam",)
    adds: ClassVar[str] = "a scale that changes slowly"

    learning_rate: float = knobs.learning_rate(1e-2)
    b1: float = knobs.b1(0.9)
    b2: float = knobs.b2(0.999, help="How slowly the scale follows the squared gradient.")
    eps: float = knobs.eps(1e-3, typical=(1e-8, 1e-1))
    initial_accumulator_value: float = knob(
        1e-6,
        domain=(0, inf),
        typical=(1e-8, 1),
        log=True,
        help="Scale to start from; more makes the first steps shorter.",
    )
    bias_correction: bool = switch(
        True, help="Whether the means are corrected for their start, as libraries do."
    )

    def init(self, params: Params) -> YogiState:
        start = self.initial_accumulator_value
        return YogiState(
            mu=jax.tree.map(jnp.zeros_like, params),
            nu=jax.tree.map(lambda p: jnp.full_like(p, start, dtype=p.dtype), params),
        )

    def update(self, ctx: StepContext, state: YogiState) -> tuple[Params, YogiState]:
        mu = running_mean(self.b1, state.mu, ctx.grads)
        nu = jax.tree.map(
            lambda v, g: v - (1 - self.b2) * jnp.sign(v - g**2) * g**2, state.nu, ctx.grads
        )
        one_b1 = one_b2 = 1.0
        if self.bias_correction:
            one_b1, one_b2 = 1 - self.b1**ctx.t, 1 - self.b2**ctx.t

        def leaf(m: jax.Array, v: jax.Array) -> jax.Array:
            return -self.learning_rate * (m / one_b1) / (jnp.sqrt(v / one_b2) + self.eps)

        return jax.tree.map(leaf, mu, nu), YogiState(mu, nu)
