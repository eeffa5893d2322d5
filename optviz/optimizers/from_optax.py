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
        given = {"value": ctx.loss, "grad": ctx.grads, "value_fn": ctx.loss_fn}
        try:
            return step(ctx.grads, state, ctx.params, **given)
        except TypeError as error:
            if "required keyword-only argument" not in str(error):
                raise
            raise ValueError(
                f"an optax transformation needs what nobody gives it ({error}); "
                f"it gets {', '.join(given)}"
            ) from None


def is_optax(value: Any) -> bool:
    """Whether a value has the shape of an optax transformation: a pair of `init` and `update`."""
    return isinstance(value, tuple) and hasattr(value, "init") and hasattr(value, "update")


def from_optax(transformation: Any) -> OptaxRule:
    """Any optax GradientTransformation as a rule that can race and train."""
    return OptaxRule(transformation=transformation)


class AsOptaxState(NamedTuple):
    step: jax.Array  # () int32
    inner: State
    params: Any  # the rule's own, where the loop's are the point it looks at


def as_optax(rule: Optimizer) -> Any:
    """`rule` as an optax GradientTransformationExtraArgs.

    The rule's `update` needs params. Rules that look at the loss read the extra arguments `value`
    and `value_fn`, named as optax names them; `key` seeds stochastic rules.

    A loop around optax takes gradients at the params that it holds. So where a rule wants its
    gradient elsewhere (a look-ahead, Schedule-Free) the loop holds that point, and the rule's own
    params are kept in the state, as optax's own `schedule_free` does: the path is the one of a
    race, but nothing that follows in a chain may change the updates. `answer` reads from the state
    which point to evaluate.
    """
    import optax

    def init(params: Params) -> Any:
        inner = rule.init(params)
        looks_elsewhere = rule.query(params, inner) is not params
        own = jax.tree.map(jnp.copy, params) if looks_elsewhere else None
        return AsOptaxState(jnp.zeros((), jnp.int32), inner, own)

    def update(
        updates: Params,
        state: Any,
        params: Params | None = None,
        *,
        value: Any = None,
        value_fn: Any = None,
        key: jax.Array | None = None,
        **_: Any,
    ) -> tuple[Params, Any]:
        if params is None:
            raise ValueError(f"{rule.label}: update needs params, got None")
        if value is None and rule.reads_loss:
            raise ValueError(f"{rule.label} reads the loss: pass value to update")
        dtype = jax.tree.leaves(updates)[0].dtype
        if dtype.itemsize < 4:  # steps are counted in it
            dtype = jnp.float32
        value = jnp.asarray(jnp.nan if value is None else value).astype(dtype)
        own = params if state.params is None else state.params
        key = jax.random.fold_in(jax.random.key(0) if key is None else key, state.step)
        loss_fn = _no_loss(rule) if value_fn is None else value_fn
        ctx = StepContext(state.step, own, value, updates, key, loss_fn)
        moves, inner = rule.update(ctx, state.inner)
        moves, inner = _like(moves, params), _like(inner, state.inner)
        if state.params is not None:
            own = jax.tree.map(jnp.add, own, moves)
            moves = jax.tree.map(jnp.subtract, rule.query(own, inner), params)
            return moves, AsOptaxState(state.step + 1, inner, own)
        return moves, AsOptaxState(state.step + 1, inner, None)

    return optax.GradientTransformationExtraArgs(init, update)


def answer(rule: Optimizer, params: Params, state: AsOptaxState) -> Params:
    """The point to evaluate after `as_optax(rule)` has made of a loop `params` and `state`."""
    return rule.answer(params if state.params is None else state.params, state.inner)


def _like(tree: Any, other: Any) -> Any:
    """The tree in the number formats of another: knobs may be longer than half-precision params."""
    return jax.tree.map(lambda new, old: new.astype(old.dtype), tree, other)


def _no_loss(rule: Optimizer) -> Any:
    def missing(params: Params) -> jax.Array:
        raise ValueError(f"{rule.label} evaluates the loss: pass value_fn to update")

    return missing
