"""How far rounding can move a loss: every operation of it, perturbed by its last place.

To first order a rounding error of an intermediate value v moves the loss by ε |v| |∂loss/∂v|
(Linnainmaa 1976, https://doi.org/10.1007/BF01931367). That sees what the loss's own size does not
show: `(x + 1e8) − 1e8`, `1 − cos(x)`, a part that is computed in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

SAFETY = 2.0  # a rounding is half a last place; exp, tanh and their like may miss by two whole ones
FLOOR = 4.0  # times the smallest number: what is lost where a result underflows
EXACT = {  # operations that round nothing
    *("abs", "neg", "sign", "floor", "ceil", "round", "max", "min", "clamp", "select_n", "copy"),
    *("reshape", "broadcast_in_dim", "transpose", "rev", "squeeze", "expand_dims", "concatenate"),
    *("pad", "slice", "dynamic_slice", "gather", "reduce_max", "reduce_min", "stop_gradient"),
}
SUMS = {"reduce_sum", "dot_general", "conv_general_dilated", "cumsum"}
CALLS = {  # operations that stand for others; a loop or a branch is taken as one
    *("jit", "pjit", "closed_call", "core_call", "checkpoint", "remat", "remat2"),
    *("custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr"),
}

Perturb = Callable[[jax.Array, jax.Array], jax.Array]  # a value and how large its parts are


def rounding(loss: Callable[..., jax.Array], *at: Any) -> Callable[..., tuple[Any, Any]]:
    """A function of the same arguments: how far rounding may move the loss, to first order.

    Its second value is the loss's derivative by its last argument. Both are taken of the
    operations themselves: rules for a derivative that the loss was given are not asked.

    Args:
        loss: arguments -> () loss; the last argument is a scalar.
        at: arguments of it; others must have the same shapes and dtypes.
    """
    closed = jax.make_jaxpr(loss)(*at)
    shapes: list[jax.ShapeDtypeStruct] = []

    def note(value: jax.Array, size: jax.Array) -> jax.Array:
        shapes.append(jax.ShapeDtypeStruct(value.shape, value.dtype))
        return value

    def evaluate(perturb: Perturb, *arguments: Any) -> jax.Array:
        flat = jax.tree.leaves(arguments)
        return _evaluate(closed.jaxpr, closed.consts, flat, perturb)[0]

    jax.eval_shape(lambda *arguments: evaluate(note, *arguments), *at)

    def bound(*arguments: Any) -> tuple[jax.Array, jax.Array]:
        *others, last = arguments

        def perturbed(shares: list[jax.Array], last: jax.Array) -> jax.Array:
            left = iter(shares)
            return evaluate(lambda value, size: value + next(left) * size, *others, last)

        zeros = [jnp.zeros(s.shape, s.dtype) for s in shapes]
        value, (moved, slope) = jax.value_and_grad(perturbed, argnums=(0, 1))(zeros, last)
        info = jnp.finfo(value.dtype)
        total = jnp.abs(value) * jnp.asarray(info.eps, value.dtype)
        for by, shape in zip(moved, shapes, strict=True):
            eps = jnp.asarray(jnp.finfo(shape.dtype).eps, value.dtype)
            total = total + eps * _length(by.astype(value.dtype))
        return SAFETY * total + FLOOR * jnp.asarray(info.tiny, value.dtype), slope

    return bound


def _length(by: jax.Array) -> jax.Array:
    """Euclidean, for roundings are independent; squares of tiny numbers would vanish."""
    by = jnp.where(jnp.isfinite(by), jnp.abs(by), jnp.zeros_like(by))
    if by.ndim == 0:
        return by
    largest = jnp.max(by, initial=0.0)
    unit = jnp.where(largest > 0, largest, jnp.ones_like(largest))
    return largest * jnp.sqrt(jnp.sum(jnp.square(by / jnp.full(by.shape, unit))))


def _evaluate(
    jaxpr: Jaxpr, consts: Sequence[Any], arguments: Sequence[Any], perturb: Perturb
) -> list[Any]:
    """The program's values, each rounded one passed through `perturb`."""
    known: dict[Any, Any] = dict(zip(jaxpr.constvars, consts, strict=True))
    known.update(zip(jaxpr.invars, arguments, strict=True))
    for eqn in jaxpr.eqns:
        given = [v.val if isinstance(v, Literal) else known[v] for v in eqn.invars]
        name = eqn.primitive.name
        inner = eqn.params.get("call_jaxpr", eqn.params.get("jaxpr"))
        if name in CALLS and isinstance(inner, (ClosedJaxpr, Jaxpr)):
            body = inner.jaxpr if isinstance(inner, ClosedJaxpr) else inner
            kept = inner.consts if isinstance(inner, ClosedJaxpr) else ()
            found = _evaluate(body, kept, given, perturb)
        elif name == "stop_gradient":  # it stops no rounding
            found = given
        else:
            found = _bind(eqn, given)
            if name not in EXACT:
                sizes = found
                if name in SUMS:  # terms may cancel; their roundings do not
                    sizes = _bind(eqn, [jnp.abs(v) if _is_float(v) else v for v in given])
                found = [
                    perturb(value, _finite(size)) if _is_float(value) else value
                    for value, size in zip(found, sizes, strict=True)
                ]
        known.update(zip(eqn.outvars, found, strict=True))
    return [v.val if isinstance(v, Literal) else known[v] for v in jaxpr.outvars]


def _bind(eqn: Any, given: Sequence[Any]) -> list[Any]:
    found = eqn.primitive.bind(*given, **eqn.params)
    return list(found) if eqn.primitive.multiple_results else [found]


def _is_float(value: Any) -> bool:
    return jnp.issubdtype(jnp.result_type(value), jnp.floating)


def _finite(size: jax.Array) -> jax.Array:
    return jax.lax.stop_gradient(jnp.where(jnp.isfinite(size), size, jnp.zeros_like(size)))
