"""Gradient descent: the rule that every other rule changes."""

from typing import ClassVar

import jax

from optviz.catalog import entry
from optviz.optimizers import knobs
from optviz.optimizers.base import Optimizer, Params, StepContext


@entry
class SGD(Optimizer):
    r"""Gradient descent; stochastic when the gradient is noisy or from a mini-batch.

    In words: Look at the slope where you stand and go a short way straight downhill. How far: the
    slope times the learning rate.

    $$\theta_{t+1} = \theta_t - \eta_t\, g_t$$

    Cost per step: one gradient. Memory: none. On a quadratic it converges exactly for
    $\eta < 2/\lambda_{\max}$, at the rate $(\kappa-1)/(\kappa+1)$ for the best fixed $\eta$.

    Variants:
        one full gradient a step: textbooks, as gradient descent
        the gradient of a mini-batch: everybody who trains networks, as SGD

    Reference: Robbins & Monro 1951, https://doi.org/10.1214/aoms/1177729586
    """

    name: ClassVar[str] = "sgd"
    label: ClassVar[str] = "SGD"
    kind: ClassVar[str] = "gradient"
    parents: ClassVar[tuple[str, ...]] = ()
    adds: ClassVar[str] = "the rule that all others change"

    learning_rate: float = knobs.learning_rate(
        1e-2, help="How far to go along the negative gradient."
    )

    def init(self, params: Params) -> tuple[()]:
        return ()

    def update(self, ctx: StepContext, state: tuple[()]) -> tuple[Params, tuple[()]]:
        return jax.tree.map(lambda g: -self.learning_rate * g, ctx.grads), state
