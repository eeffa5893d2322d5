"""Polyak's step size: as far as the loss still has to fall."""

from math import inf
from typing import ClassVar

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob, switch
from optviz.optimizers import knobs
from optviz.optimizers.base import Optimizer, Params, StepContext
from optviz.optimizers.norms import squared_norm


@entry
class PolyakSGD(Optimizer):
    r"""Gradient descent whose rate is read off the loss.

    In words: See how far the loss lies above its lowest value and divide by the squared length of
    the gradient: that is the learning rate, up to a bound. On an even slope the step would end
    right at the lowest value.

    With the lowest loss $f^*$, a scale $s$ and a bound $\gamma_{\max}$

    $$\theta_{t+1} = \theta_t - s\, \min\Big\{
        \frac{f(\theta_t) - f^*}{\lVert g_t \rVert^2 + \epsilon},\; \gamma_{\max} \Big\}\, g_t$$

    Along the gradient a linear loss would fall to exactly $f^*$. There is no learning rate to find,
    but $f^*$ must be known: too low overshoots, and a loss below it drives the point uphill
    (`sps`) unless the gap is cut at zero (`sps_plus`). Polyak's own rule has no bound.
    Cost per step: one gradient. Memory: none.

    Variants:
        the gap as it is (`variant=sps`): Loizou et al. 2021, optax
        a negative gap counts as none (`variant=sps_plus`): Garrigos et al. 2023, optax as sps+
        no upper bound: Polyak 1969

    Reference: Polyak 1969 in the form of Loizou et al. 2021, https://arxiv.org/abs/2002.10542
    """

    name: ClassVar[str] = "polyak_sgd"
    label: ClassVar[str] = "Polyak SGD"
    kind: ClassVar[str] = "rate-free"
    parents: ClassVar[tuple[str, ...]] = ("sgd",)
    adds: ClassVar[str] = "a learning rate from the loss itself"
    reads_loss: ClassVar[bool] = True

    max_learning_rate: float = knobs.learning_rate(
        1.0, typical=(1e-3, 10), help="Upper bound of the step size."
    )
    scaling: float = knob(
        1.0,
        domain=(0, inf),
        typical=(0.1, 2),
        help="Factor on the step size; 1 goes to where a linear loss would be lowest.",
    )
    f_min: float = knob(
        0.0,
        domain=(-inf, inf),
        typical=(-10, 10),
        help="The lowest loss, or a guess of it.",
    )
    eps: float = knob(
        0.0,
        domain=(0, inf),
        typical=(0, 1),
        help="Added to the squared gradient, so that flat ground does not give long steps.",
    )
    variant: str = switch(
        "sps",
        options=("sps", "sps_plus"),
        help="Whether a loss below the given lowest one drives uphill (sps) or stops (sps_plus).",
    )

    def init(self, params: Params) -> tuple[()]:
        return ()

    def update(self, ctx: StepContext, state: tuple[()]) -> tuple[Params, tuple[()]]:
        square = squared_norm(ctx.grads) + self.eps
        gap = ctx.loss - self.f_min
        if self.variant == "sps_plus":
            gap = jnp.maximum(gap, 0)
        moving = square > 0
        step = jnp.minimum(gap / jnp.where(moving, square, 1), self.max_learning_rate)
        step = self.scaling * jnp.where(moving, step, 0)
        return jax.tree.map(lambda g: -step * g, ctx.grads), state
