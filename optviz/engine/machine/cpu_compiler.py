"""What XLA's compiler is told about a program for the CPU, where its own choice is not the best."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeAlias

import jax
import jax.numpy as jnp

Value: TypeAlias = str | bool | int  # of an option

# Which operations go to its library of kernels; the values are names of its own.
LIBRARY = "xla_cpu_experimental_ynn_fusion_type"
# Whether operations are fused through MLIR. Without, a race's loop is compiled in 60 % of the time
# and runs as fast; a network's gradient may run slower (a ResNet's by 7 %), so it is left to XLA.
EMITTERS = "xla_cpu_use_fusion_emitters"
# How hard LLVM tries. From 2 on, which products and sums become one operation with one rounding
# hangs on what else is in the program: the same loop, alone and beside others, gave other last
# bits, and on a surface with many minima another path. At 1 it gives the same, as quickly.
LEVEL = "xla_backend_optimization_level"


def compiled_loop(function: Callable[..., object], *static: str) -> jax.stages.Wrapped:
    """`jax.jit(function)` of a loop over few numbers; asked again, the same.

    Args:
        static: names of arguments that are part of what is compiled.
    """
    return _compiled(function, static, *loop_options().items())


def loop_options() -> dict[str, Value]:
    """Options for `jax.jit` of a loop over few numbers."""
    return _known({EMITTERS: False, LEVEL: 1})


def compiled(
    function: Callable[..., object], kinds: tuple[str, ...] | None, *static: str
) -> jax.stages.Wrapped:
    """`jax.jit(function)` of what trains a network; asked again, the same.

    Args:
        kinds: of operations that are quicker as kernels of the library (`Network.cpu_library`).
        static: names of arguments that are part of what is compiled.
    """
    return _compiled(function, static, *compiler_options(kinds).items())


@cache
def _compiled(
    function: Callable[..., object], static: tuple[str, ...], *options: tuple[str, Value]
) -> jax.stages.Wrapped:
    return jax.jit(function, static_argnames=static, compiler_options=dict(options))


def compiler_options(kinds: tuple[str, ...] | None) -> dict[str, Value]:
    """Options for `jax.jit`; none on other devices, and where XLA is to choose itself."""
    if kinds is None or jax.default_backend() != "cpu":
        return {}
    return _known({LIBRARY: ",".join(f"LIBRARY_FUSION_TYPE_{kind.upper()}" for kind in kinds)})


def _known(options: dict[str, Value]) -> dict[str, Value]:
    return {option: value for option, value in options.items() if _is_known(option, value)}


@cache
def _is_known(option: str, value: Value) -> bool:
    """Whether this XLA has the option: those of a library of kernels it calls experimental."""
    try:
        jax.jit(lambda: jnp.zeros(()), compiler_options={option: value}).lower().compile()
    except jax.errors.JaxRuntimeError:
        return False
    return True
