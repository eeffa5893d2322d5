"""What every update rule is: an entry with `init` and `update`, and three hooks with defaults."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias

import jax

from optviz.catalog import Entry

if TYPE_CHECKING:
    import optax

Params: TypeAlias = Any  # a pytree of arrays: a (2,) point, or the nested parameters of a network
State: TypeAlias = Any


class StepContext(NamedTuple):
    """Everything that one step may look at; a rule reads what it needs."""

    step: jax.Array  # () int32, counts from 0
    params: Params  # where the step starts
    loss: jax.Array  # () loss at `query(params, state)`
    grads: Params  # gradient at `query(params, state)`, shaped like params
    key: jax.Array  # random key of this step, the same for every optimizer
    loss_fn: Callable[[Params], jax.Array]  # this step's loss: noise or mini-batch held fixed


class Optimizer(Entry):
    """An update rule: `update(ctx, state) -> (updates, state)`; the updates are added to params.

    Rules are written for pytrees and read their hyperparameters from `self` only, so that the same
    code runs on a 2D point, on a network, under `vmap`, and with any knob on a schedule.

    Attributes:
        elementwise: whether it makes no difference how the numbers are cut into arrays; rules that
            look at a whole layer say no.
        reads_loss: whether it reads the value of the loss, not only gradients.
    """

    elementwise: ClassVar[bool] = True
    reads_loss: ClassVar[bool] = False

    def init(self, params: Params) -> State:
        """The state before the first step."""
        raise NotImplementedError

    def update(self, ctx: StepContext, state: State) -> tuple[Params, State]:
        """One step: what to add to params (shaped like them), and the next state."""
        raise NotImplementedError

    def query(self, params: Params, state: State) -> Params:
        """The point at which loss and gradient are taken (Nesterov: the look-ahead)."""
        return params

    def answer(self, params: Params, state: State) -> Params:
        """The point that is drawn and evaluated (averaging rules: the average)."""
        return params

    def evaluations(self, state: State) -> jax.Array | None:
        """Loss, gradient and Hessian-vector evaluations so far; None: one gradient a step."""
        return None

    def as_optax(self) -> optax.GradientTransformationExtraArgs:
        """This rule as an optax transformation, for use in any optax training loop."""
        from optviz.optimizers.from_optax import as_optax

        return as_optax(self)
