"""Bridges to optax, both ways."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from optviz.catalog import entry, switch
from optviz.optimizers.base import Optimizer, Params, State, StepContext


@entry
class OptaxRule(Optimizer):
    """An optax transformation as a rule.

    Transformations that look at the loss get it as optax passes it: `value`, `grad`, `value_fn`.

    Reference: DeepMind 2020, https://github.com/google-deepmind/optax
    """

    label: ClassVar[str] = "Optax"

    transformation: Any = switch(None, help="The optax GradientTransformation.")

    def init(self, params: Params) -> State:
        return self.transformation.init(params)

    def update(self, ctx: StepContext, state: State) -> tuple[Params, State]:
        import optax

        step = optax.with_extra_args_support(self.transformation).update
        return step(
            ctx.grads, state, ctx.params, value=ctx.loss, grad=ctx.grads, value_fn=ctx.loss_fn
        )


def is_optax(value: Any) -> bool:
    """Whether a value has the shape of an optax transformation: a pair of `init` and `update`."""
    return isinstance(value, tuple) and hasattr(value, "init") and hasattr(value, "update")


def from_optax(transformation: Any) -> OptaxRule:
    """Any optax GradientTransformation as a rule that can race and train."""
    return OptaxRule(transformation=transformation)


class AsOptaxState(NamedTuple):
    step: jax.Array  # () int32
    inner: State


def as_optax(rule: Optimizer) -> Any:
    """`rule` as an optax GradientTransformationExtraArgs.

    The rule's `update` needs params. Rules that look at the loss read the extra arguments `value`
    and `value_fn`, named as optax names them; `key` seeds stochastic rules.
    """
    import optax

    def init(params: Params) -> AsOptaxState:
        return AsOptaxState(jnp.zeros((), jnp.int32), rule.init(params))

    def update(
        updates: Params,
        state: Any,
        params: Params | None = None,
        *,
        value: Any = None,
        value_fn: Any = None,
        key: jax.Array | None = None,
        **_: Any,
    ) -> tuple[Params, AsOptaxState]:
        if params is None:
            raise ValueError(f"{rule.label}: update needs params, got None")
        if value is None:
            value = jnp.full((), jnp.nan, jax.tree.leaves(updates)[0].dtype)
        if value_fn is None:
            value_fn = _no_loss(rule)
        key = jax.random.key(0) if key is None else key
        ctx = StepContext(
            state.step, params, value, updates, jax.random.fold_in(key, state.step), value_fn
        )
        moves, inner = rule.update(ctx, state.inner)
        return moves, AsOptaxState(state.step + 1, inner)

    return optax.GradientTransformationExtraArgs(init, update)


def _no_loss(rule: Optimizer) -> Any:
    def missing(params: Params) -> jax.Array:
        raise ValueError(f"{rule.label} evaluates the loss: pass value_fn to update")

    return missing
