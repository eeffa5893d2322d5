"""AdaGrad: a step per coordinate that shrinks with all the gradient seen there."""

from math import inf
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob, switch
from optviz.optimizers import knobs
from optviz.optimizers.base import Optimizer, Params, StepContext


class AdaGradState(NamedTuple):
    sum_of_squares: Params  # of all gradients so far, shaped like params


@entry
class AdaGrad(Optimizer):
    r"""Divides each coordinate's step by the root of the sum of its squared gradients.

    In words: Add up the squares of all gradients seen in each coordinate, and divide the step there
    by the root of the sum: busy coordinates slow down, rare ones keep long steps. Nothing is ever
    forgotten.

    $$r_t = r_{t-1} + g_t^2, \qquad
      \theta_{t+1} = \theta_t - \eta_t\, \frac{g_t}{\sqrt{r_t} + \epsilon}$$

    The sum only grows, so the effective step decays towards zero. $\epsilon$ stands outside the
    root in PyTorch and inside it in TensorFlow and optax.
    Cost per step: one gradient. Memory: one copy of params.

    Variants:
        ε outside the root, sum from 0 (`eps_inside_sqrt=false`): Duchi et al. 2011, PyTorch
        ε inside the root, sum from 0.1
            (`eps_inside_sqrt=true,initial_accumulator_value=0.1,eps=1e-7`): TensorFlow, optax

    Reference: Duchi, Hazan & Singer 2011, https://jmlr.org/papers/v12/duchi11a.html
    """

    name: ClassVar[str] = "adagrad"
    label: ClassVar[str] = "AdaGrad"
    kind: ClassVar[str] = "adaptive"
    parents: ClassVar[tuple[str, ...]] = ("sgd",)
    adds: ClassVar[str] = "a step size per coordinate"

    learning_rate: float = knobs.learning_rate(
        1e-2, typical=(1e-4, 10), help="Length of the very first step in every coordinate."
    )
    eps: float = knobs.eps(
        1e-10, help="Keeps the division safe where no gradient has been seen yet."
    )
    initial_accumulator_value: float = knob(
        0.0,
        domain=(0, inf),
        typical=(0, 1),
        help="Sum of squared gradients to start from; more makes the first steps shorter.",
    )
    eps_inside_sqrt: bool = switch(False, help="Whether ε is added before the root is taken.")

    def init(self, params: Params) -> AdaGradState:
        return AdaGradState(
            jax.tree.map(
                lambda p: jnp.full_like(p, self.initial_accumulator_value, dtype=p.dtype), params
            )
        )

    def update(self, ctx: StepContext, state: AdaGradState) -> tuple[Params, AdaGradState]:
        total = jax.tree.map(lambda r, g: r + g**2, state.sum_of_squares, ctx.grads)

        def leaf(g: jax.Array, r: jax.Array) -> jax.Array:
            root = jnp.sqrt(r + self.eps) if self.eps_inside_sqrt else jnp.sqrt(r) + self.eps
            return -self.learning_rate * g / root

        return jax.tree.map(leaf, ctx.grads, total), AdaGradState(total)
