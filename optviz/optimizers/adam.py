"""Adam: momentum in the numerator, a running gradient scale in the denominator."""

from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from optviz.catalog import entry, switch
from optviz.optimizers import knobs
from optviz.optimizers.base import Optimizer, Params, StepContext
from optviz.optimizers.means import running_mean, running_mean_square


class AdamState(NamedTuple):
    mu: Params  # running mean of gradients, shaped like params
    nu: Params  # running mean of squared gradients, shaped like params


@entry
class Adam(Optimizer):
    r"""Adam, Algorithm 1 of the paper.

    In words: Keep a running mean of the gradient, for the direction, and one of its square, for the
    scale. Correct both for having started at zero, then step by the first over the root of the
    second.

    With gradient $g_t$ and step $t = 1, 2, \dots$

    $$m_t = b_1 m_{t-1} + (1 - b_1)\, g_t \qquad
      v_t = b_2 v_{t-1} + (1 - b_2)\, g_t^2$$
    $$u_t = -\eta_t\, \frac{m_t / (1 - b_1^t)}{\sqrt{v_t / (1 - b_2^t)} + \epsilon}$$

    The means start at zero and are too small at first; the divisions by $1 - b^t$ correct for that
    (`power`). The other readings of the printed correction are kept to show what they do:
    `constant` divides by $1 - b$ at every step; `stale` does so with the means of the step before,
    so that the first update is zero; `in_place` writes the divided means back into the state,
    where they grow without bound; `none` leaves the means as they are.
    Cost per step: one gradient. Memory: two copies of params.

    Variants:
        ε outside the root (`eps_inside_sqrt=false`): Kingma & Ba 2015 (Algorithm 1), PyTorch, optax
        ε inside the root (`eps_inside_sqrt=true`): optax as eps_root
        no bias correction (`bias_correction=none`): many slides; BERT
        divided by 1 − β at every step (`bias_correction=constant`): a reading of slides that print
            the correction without its power

    Reference: Kingma & Ba 2015, https://arxiv.org/abs/1412.6980
    """

    name: ClassVar[str] = "adam"
    label: ClassVar[str] = "Adam"
    kind: ClassVar[str] = "adaptive"
    parents: ClassVar[tuple[str, ...]] = ("rmsprop", "momentum")
    adds: ClassVar[str] = "bias-corrected means of both"

    learning_rate: float = knobs.learning_rate(1e-3)
    b1: float = knobs.b1(0.9)
    b2: float = knobs.b2(0.999)
    eps: float = knobs.eps(1e-8)
    bias_correction: str = switch(
        "power",
        options=("power", "constant", "stale", "in_place", "none"),
        help="How the means, which start at zero, are corrected in the first steps.",
    )
    eps_inside_sqrt: bool = switch(False, help="Whether ε is added before the root is taken.")

    def init(self, params: Params) -> AdamState:
        zeros = jax.tree.map(jnp.zeros_like, params)
        return AdamState(mu=zeros, nu=zeros)

    def update(self, ctx: StepContext, state: AdamState) -> tuple[Params, AdamState]:
        mu = running_mean(self.b1, state.mu, ctx.grads)
        nu = running_mean_square(self.b2, state.nu, ctx.grads)
        correct = CORRECTIONS[self.bias_correction]
        (m_hat, v_hat), kept = correct(self, ctx.t, state, AdamState(mu, nu))

        def leaf(m: jax.Array, v: jax.Array) -> jax.Array:
            root = jnp.sqrt(v + self.eps) if self.eps_inside_sqrt else jnp.sqrt(v) + self.eps
            return -self.learning_rate * m / root

        updates = jax.tree.map(leaf, m_hat, v_hat)
        if self.bias_correction == "in_place":
            # Where v has outgrown the number format, the step has shrunk to nothing.
            updates = jax.tree.map(lambda u, v: jnp.where(jnp.isinf(v), 0, u), updates, v_hat)
        return updates, kept


# The readings of the correction. Each is given the rule, t, and the means before and after this
# step, and answers with the means to step by and those to keep.
Means = tuple[AdamState, AdamState]


def _divided(means: AdamState, by_mu: float | jax.Array, by_nu: float | jax.Array) -> AdamState:
    return AdamState(
        jax.tree.map(lambda m: m / by_mu, means.mu), jax.tree.map(lambda v: v / by_nu, means.nu)
    )


def _power(rule: Adam, t: jax.Array, before: AdamState, after: AdamState) -> Means:
    return _divided(after, 1 - rule.b1**t, 1 - rule.b2**t), after


def _constant(rule: Adam, t: jax.Array, before: AdamState, after: AdamState) -> Means:
    return _divided(after, 1 - rule.b1, 1 - rule.b2), after


def _stale(rule: Adam, t: jax.Array, before: AdamState, after: AdamState) -> Means:
    return _divided(before, 1 - rule.b1, 1 - rule.b2), after


def _in_place(rule: Adam, t: jax.Array, before: AdamState, after: AdamState) -> Means:
    grown = _divided(after, 1 - rule.b1, 1 - rule.b2)
    return grown, grown


def _none(rule: Adam, t: jax.Array, before: AdamState, after: AdamState) -> Means:
    return after, after


CORRECTIONS = {
    "power": _power,
    "constant": _constant,
    "stale": _stale,
    "in_place": _in_place,
    "none": _none,
}
