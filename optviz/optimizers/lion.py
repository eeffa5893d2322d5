"""Lion: the sign of a momentum, a rule found by search."""

from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from optviz.catalog import entry
from optviz.optimizers import knobs
from optviz.optimizers.base import Optimizer, Params, StepContext
from optviz.optimizers.means import running_mean


class LionState(NamedTuple):
    mu: Params  # running mean of gradients, shaped like params


@entry
class Lion(Optimizer):
    r"""Moves every coordinate by the learning rate, by the sign of a mix of memory and gradient.

    In words: Mix the memory of past gradients with the newest one, keep only the signs, and move
    every coordinate by the learning rate. Then let the newest gradient into the memory, where it
    weighs less than it did in the step.

    With weight decay $\lambda$

    $$c_t = b_1 m_{t-1} + (1-b_1) g_t, \qquad
      \theta_{t+1} = \theta_t - \eta_t\,(\mathrm{sign}(c_t) + \lambda \theta_t), \qquad
      m_t = b_2 m_{t-1} + (1-b_2) g_t$$

    The newest gradient weighs more in the step than in the memory. The step does not shrink near a
    minimum unless the rate falls; the paper advises a 3 to 10 times smaller rate than Adam's. The
    decay is decoupled and multiplied by the rate; optax's default for it is 1e-3, the paper's 0.
    Cost per step: one gradient. Memory: one copy of params.

    Reference: Chen et al. 2023, Algorithm 2, https://arxiv.org/abs/2302.06675
    """

    name: ClassVar[str] = "lion"
    label: ClassVar[str] = "Lion"
    kind: ClassVar[str] = "sign"
    parents: ClassVar[tuple[str, ...]] = ("sign_sgd", "momentum")
    adds: ClassVar[str] = "the sign of a mean with two decay rates"

    learning_rate: float = knobs.learning_rate(
        1e-4, help="How far every coordinate moves in every step."
    )
    b1: float = knobs.decay(
        0.9, typical=(0, 0.99), help="Share of the memory in the direction of the step."
    )
    b2: float = knobs.decay(0.99, help="Memory of the mean gradient.")
    weight_decay: float = knobs.weight_decay(0.0)

    def init(self, params: Params) -> LionState:
        return LionState(jax.tree.map(jnp.zeros_like, params))

    def update(self, ctx: StepContext, state: LionState) -> tuple[Params, LionState]:
        mix = running_mean(self.b1, state.mu, ctx.grads)

        def leaf(c: jax.Array, p: jax.Array) -> jax.Array:
            return -self.learning_rate * (jnp.sign(c) + self.weight_decay * p)

        updates = jax.tree.map(leaf, mix, ctx.params)
        mu = running_mean(self.b2, state.mu, ctx.grads)
        return updates, LionState(mu)
