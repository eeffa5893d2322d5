"""Adadelta: steps in the units of the parameters, with hardly a learning rate to choose."""

from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from optviz.catalog import entry
from optviz.optimizers import knobs
from optviz.optimizers.base import Optimizer, Params, StepContext
from optviz.optimizers.means import running_mean_square


class AdadeltaState(NamedTuple):
    nu: Params  # running mean of squared gradients, shaped like params
    delta: Params  # running mean of squared updates, shaped like params


@entry
class Adadelta(Optimizer):
    r"""Scales each coordinate by the ratio of its recent updates to its recent gradients.

    In words: Divide by the recent size of the gradients, as RMSProp does, and multiply by the
    recent size of the steps: the step has the units of the parameters, and hardly a learning rate
    is left to choose.

    $$s_t = \rho s_{t-1} + (1-\rho) g_t^2, \qquad
      u_t = \frac{\sqrt{d_{t-1} + \epsilon}}{\sqrt{s_t + \epsilon}}\, g_t$$
    $$d_t = \rho d_{t-1} + (1-\rho) u_t^2, \qquad \theta_{t+1} = \theta_t - \eta_t u_t$$

    The paper has no learning rate ($\eta = 1$). The first steps are about $\sqrt{\epsilon}$ long,
    so $\epsilon$ decides how fast it gets going.
    Cost per step: one gradient. Memory: two copies of params.

    Variants:
        no learning rate: Zeiler 2012, PyTorch
        learning rate 0.001 (`learning_rate=0.001`): Keras

    Reference: Zeiler 2012, Algorithm 1, https://arxiv.org/abs/1212.5701
    """

    name: ClassVar[str] = "adadelta"
    label: ClassVar[str] = "Adadelta"
    kind: ClassVar[str] = "adaptive"
    parents: ClassVar[tuple[str, ...]] = ("adagrad",)
    adds: ClassVar[str] = "steps in the parameters' own units"

    learning_rate: float = knobs.learning_rate(
        1.0,
        typical=(1e-2, 100),
        help="Factor on the step that the rule chooses itself; the paper has none.",
    )
    rho: float = knobs.decay(0.9, help="Memory of the squared gradients and of the squared steps.")
    eps: float = knobs.eps(
        1e-6,
        typical=(1e-10, 1e-1),
        closed="neither",
        help="Sets the length of the first steps, about √ε.",
    )

    def init(self, params: Params) -> AdadeltaState:
        zeros = jax.tree.map(jnp.zeros_like, params)
        return AdadeltaState(nu=zeros, delta=zeros)

    def update(self, ctx: StepContext, state: AdadeltaState) -> tuple[Params, AdadeltaState]:
        nu = running_mean_square(self.rho, state.nu, ctx.grads)
        moves = jax.tree.map(
            lambda d, s, g: jnp.sqrt(d + self.eps) / jnp.sqrt(s + self.eps) * g,
            state.delta,
            nu,
            ctx.grads,
        )
        delta = running_mean_square(self.rho, state.delta, moves)
        return jax.tree.map(lambda u: -self.learning_rate * u, moves), AdadeltaState(nu, delta)
