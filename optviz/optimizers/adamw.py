"""AdamW: Adam with weight decay that the gradient scale does not touch."""

from typing import ClassVar

import jax

from optviz.catalog import entry
from optviz.optimizers import knobs
from optviz.optimizers.adam import Adam, AdamState
from optviz.optimizers.base import Params, StepContext


@entry
class AdamW(Adam):
    r"""Adam with decoupled weight decay.

    In words: Take the step of Adam, then pull every parameter a little towards zero. The pull is
    not divided by the gradient scale, so all parameters feel it alike.

    With Adam's update $u_t$ and weight decay $\lambda$

    $$\theta_{t+1} = \theta_t + u_t - \eta_t \lambda\, \theta_t$$

    The decay is multiplied by the learning rate, as in PyTorch (the paper keeps them apart), and it
    pulls towards zero: on a surface whose minimum is elsewhere AdamW stops short of it.
    Cost per step: one gradient. Memory: two copies of params.

    Variants:
        decay multiplied by the learning rate: PyTorch, optax, Keras
        decay apart from the learning rate: Loshchilov & Hutter 2019

    Reference: Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101
    """

    name: ClassVar[str] = "adamw"
    label: ClassVar[str] = "AdamW"
    kind: ClassVar[str] = "adaptive"
    parents: ClassVar[tuple[str, ...]] = ("adam",)
    adds: ClassVar[str] = "decoupled weight decay"

    weight_decay: float = knobs.weight_decay(1e-2, typical=(1e-5, 1), log=True)

    def update(self, ctx: StepContext, state: AdamState) -> tuple[Params, AdamState]:
        updates, state = super().update(ctx, state)
        shrink = self.learning_rate * self.weight_decay
        return jax.tree.map(lambda u, p: u - shrink * p, updates, ctx.params), state
