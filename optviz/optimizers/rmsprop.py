"""RMSProp: AdaGrad that forgets."""

from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from optviz.catalog import entry, switch
from optviz.optimizers import knobs
from optviz.optimizers.base import Optimizer, Params, StepContext
from optviz.optimizers.means import running_mean, running_mean_square


class RMSPropState(NamedTuple):
    nu: Params  # running mean of squared gradients, shaped like params
    mu: Params  # running mean of gradients (zeros unless centered), shaped like params
    trace: Params  # momentum of the scaled gradients, shaped like params


@entry
class RMSProp(Optimizer):
    r"""Divides each coordinate's step by the root of a running mean of its squared gradients.

    In words: Keep a running mean of the squared gradient in each coordinate and divide the step by
    its root: every coordinate moves about as far, whatever its scale, and old gradients fade away.

    With decay $\beta$ and momentum $\mu$

    $$s_t = \beta s_{t-1} + (1-\beta) g_t^2, \qquad
      v_t = \mu v_{t-1} + \frac{g_t}{\sqrt{s_t} + \epsilon}, \qquad
      \theta_{t+1} = \theta_t - \eta_t v_t$$

    Centered, $s_t - \bar g_t^2$ (a running variance) takes the place of $s_t$. $\epsilon$ stands
    outside the root in PyTorch; the lecture slides of Hinton leave it out.
    Cost per step: one gradient. Memory: three copies of params.

    Variants:
        ε outside the root, decay 0.99 (`eps_inside_sqrt=false`): PyTorch
        ε inside the root, decay 0.9 (`eps_inside_sqrt=true,decay=0.9`): TensorFlow, optax
        centred: divide by the spread and not by the size (`centered=true`): Graves 2013
        with momentum on the scaled gradients (`momentum=0.9`): Inception, EfficientNet

    Reference: Tieleman & Hinton 2012, lecture 6e,
    https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf
    """

    name: ClassVar[str] = "rmsprop"
    label: ClassVar[str] = "RMSProp"
    kind: ClassVar[str] = "adaptive"
    parents: ClassVar[tuple[str, ...]] = ("adagrad", "rprop")
    adds: ClassVar[str] = "forgetting"

    learning_rate: float = knobs.learning_rate(1e-2)
    decay: float = knobs.decay(
        0.99, help="Memory of the squared gradient; nearer 1 remembers longer."
    )
    eps: float = knobs.eps(
        1e-8, help="Floor of the denominator; larger makes the rule more like plain SGD."
    )
    momentum: float = knobs.decay(
        0.0, typical=(0, 0.99), help="Share of the previous scaled step that is repeated."
    )
    centered: bool = switch(False, help="Whether the variance takes the place of the mean square.")
    eps_inside_sqrt: bool = switch(False, help="Whether ε is added before the root is taken.")

    def init(self, params: Params) -> RMSPropState:
        zeros = jax.tree.map(jnp.zeros_like, params)
        return RMSPropState(nu=zeros, mu=zeros, trace=zeros)

    def update(self, ctx: StepContext, state: RMSPropState) -> tuple[Params, RMSPropState]:
        nu = running_mean_square(self.decay, state.nu, ctx.grads)
        mu = running_mean(self.decay, state.mu, ctx.grads) if self.centered else state.mu

        def velocity(v: jax.Array, g: jax.Array, s: jax.Array, m: jax.Array) -> jax.Array:
            # A variance: under a steady slope rounding can take the difference below zero.
            square = jnp.maximum(s - m**2, 0) if self.centered else s
            if self.eps_inside_sqrt:
                return self.momentum * v + g / jnp.sqrt(square + self.eps)
            return self.momentum * v + g / (jnp.sqrt(square) + self.eps)

        trace = jax.tree.map(velocity, state.trace, ctx.grads, nu, mu)
        updates = jax.tree.map(lambda v: -self.learning_rate * v, trace)
        return updates, RMSPropState(nu, mu, trace)
