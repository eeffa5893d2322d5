"""Averaged SGD: the mean of the path in place of its end."""

from math import inf
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob
from optviz.optimizers import knobs
from optviz.optimizers.base import Optimizer, Params, StepContext


class AveragedSGDState(NamedTuple):
    mean: Params  # of the points so far, shaped like params


@entry
class AveragedSGD(Optimizer):
    r"""Gradient descent that is judged by the mean of the points it has passed.

    In words: Take a step of gradient descent, with a rate that slowly falls and a slight pull
    towards zero. The answer is not the point itself but the mean of the points that it has passed.

    $$\theta_{t+1} = (1 - \lambda \eta_t')\, \theta_t - \eta_t'\, g_t, \qquad
      \eta_t' = \frac{\eta_t}{(1 + \lambda \eta_t t)^{\alpha}}, \qquad t = 0, 1, \dots$$
    $$\bar\theta_{t+1} = \bar\theta_t
      + \frac{\theta_{t+1} - \bar\theta_t}{\max(1,\, t - t_0)}$$

    Drawn and evaluated is $\bar\theta$. The mean settles where noise keeps the point itself moving,
    but it forgets the start only as $1/t$; waiting $t_0$ steps helps. This is PyTorch's `ASGD`,
    whose $t_0$ of a million means that a short run is not averaged at all; here, as in the paper,
    the mean begins with the first steps. $\lambda$ also pulls towards zero.
    Cost per step: one gradient. Memory: one copy of params.

    Reference: Polyak & Juditsky 1992, https://doi.org/10.1137/0330046
    """

    name: ClassVar[str] = "averaged_sgd"
    label: ClassVar[str] = "Averaged SGD"
    kind: ClassVar[str] = "averaging"
    parents: ClassVar[tuple[str, ...]] = ("sgd",)
    adds: ClassVar[str] = "the average of all points as answer"

    learning_rate: float = knobs.learning_rate(
        1e-2, help="How far to go along the negative gradient at first."
    )
    lambd: float = knob(
        1e-4,
        domain=(0, inf),
        typical=(1e-6, 1),
        log=True,
        help="How soon the rate begins to fall, and how strongly steps pull towards zero.",
    )
    alpha: float = knob(
        0.75,
        domain=(0, inf),
        typical=(0.5, 1),
        help="Power with which the rate falls.",
    )
    t0: float = knob(
        0.0,
        domain=(0, inf),
        typical=(0, 1000),
        help="Steps to wait before the mean begins.",
    )

    def init(self, params: Params) -> AveragedSGDState:
        return AveragedSGDState(jax.tree.map(jnp.copy, params))

    def answer(self, params: Params, state: AveragedSGDState) -> Params:
        return state.mean

    def update(self, ctx: StepContext, state: AveragedSGDState) -> tuple[Params, AveragedSGDState]:
        t = ctx.step.astype(ctx.loss.dtype)  # counts from 0 here
        rate = self.learning_rate / (1 + self.lambd * self.learning_rate * t) ** self.alpha
        share = 1 / jnp.maximum(1, t - self.t0)
        updates = jax.tree.map(lambda p, g: -rate * (g + self.lambd * p), ctx.params, ctx.grads)
        mean = jax.tree.map(
            lambda a, p, u: a + share * (p + u - a), state.mean, ctx.params, updates
        )
        return updates, AveragedSGDState(mean)
