"""Lookahead: k steps forward, one step back."""

from math import inf
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob, switch
from optviz.optimizers import knobs
from optviz.optimizers.adam import Adam
from optviz.optimizers.base import Optimizer, Params, StepContext
from optviz.optimizers.momentum import Momentum


class LookaheadState(NamedTuple):
    slow: Params  # slow weights, shaped like params
    inner: Any  # state of the inner rule


@entry
class Lookahead(Optimizer):
    r"""Lets another rule explore for k steps, then goes a part of the way to where it got.

    In words: Let another rule walk a few steps. Then move the slow weights a part of the way to
    where it got, and send it on from there; the slow weights are the answer.

    With fast weights $\theta$ of the inner rule $A$ and slow weights $\phi$, every $k$ steps

    $$\theta_{t,i} = \theta_{t,i-1} + A(\theta_{t,i-1}), \; i = 1 \dots k, \qquad
      \phi_{t+1} = \phi_t + \alpha (\theta_{t,k} - \phi_t), \qquad \theta_{t+1,0} = \phi_{t+1}$$

    The inner rule keeps its state across the step back (the paper's default and optax's). The
    parameters are $\theta$; drawn and evaluated is $\phi$, which rests for $k - 1$ steps.
    Cost per step: one gradient. Memory: one copy of params beside the inner rule's.

    Variants:
        SGD with momentum inside (`inner=sgd`): Zhang et al. 2019 on images
        Adam inside (`inner=adam`): Zhang et al. 2019 on language and translation

    Reference: Zhang et al. 2019, Algorithm 1, https://arxiv.org/abs/1907.08610
    """

    name: ClassVar[str] = "lookahead"
    label: ClassVar[str] = "Lookahead"
    kind: ClassVar[str] = "wrapper"
    parents: ClassVar[tuple[str, ...]] = ("adam", "averaged_sgd")
    adds: ClassVar[str] = "slow weights that follow fast ones"

    learning_rate: float = knobs.learning_rate(1e-2, help="Learning rate of the inner rule.")
    sync_period: int = knob(
        5,
        domain=(1, inf),
        typical=(1, 20),
        integer=True,
        help="Steps of the inner rule between two steps of the slow weights.",
    )
    slow_step_size: float = knob(
        0.5,
        domain=(0, 1),
        closed="both",
        typical=(0.1, 1),
        help="How much of the way to the inner rule's point the slow weights go.",
    )
    momentum: float = knobs.momentum(0.9, closed="both", help="Momentum of the inner SGD.")
    b1: float = knobs.b1(0.9, help="Memory of the mean gradient of the inner Adam.")
    b2: float = knobs.b2(0.999, help="Memory of the squared gradient of the inner Adam.")
    eps: float = knobs.eps(1e-8, help="Floor of the denominator of the inner Adam.")
    inner: str = switch(
        "sgd", options=("sgd", "adam"), help="The rule that explores: SGD with momentum, or Adam."
    )

    @property
    def fast(self) -> Optimizer:
        """The inner rule."""
        if self.inner == "adam":
            return Adam(learning_rate=self.learning_rate, b1=self.b1, b2=self.b2, eps=self.eps)
        return Momentum(learning_rate=self.learning_rate, momentum=self.momentum)

    def init(self, params: Params) -> LookaheadState:
        return LookaheadState(jax.tree.map(jnp.copy, params), self.fast.init(params))

    def answer(self, params: Params, state: LookaheadState) -> Params:
        return state.slow

    def update(self, ctx: StepContext, state: LookaheadState) -> tuple[Params, LookaheadState]:
        moves, inner = self.fast.update(ctx, state.inner)
        syncs = ctx.t % self.sync_period == 0

        def step_slow(slow: jax.Array, p: jax.Array, move: jax.Array) -> jax.Array:
            return jnp.where(syncs, slow + self.slow_step_size * (p + move - slow), slow)

        slow = jax.tree.map(step_slow, state.slow, ctx.params, moves)
        updates = jax.tree.map(
            lambda s, p, move: jnp.where(syncs, s - p, move), slow, ctx.params, moves
        )
        return updates, LookaheadState(slow, inner)
