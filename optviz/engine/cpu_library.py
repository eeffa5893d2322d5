"""Which operations of a network XLA hands to its library of kernels on a CPU."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import jax
import jax.numpy as jnp

from optviz.networks.base import Network

OPTION = "xla_cpu_experimental_ynn_fusion_type"


def compiled(function: Callable[..., object], network: Network, *static: str) -> jax.stages.Wrapped:
    """`jax.jit(function)` in the way that is quickest for this network; asked again, the same.

    Args:
        static: names of arguments that are part of what is compiled.
    """
    return _compiled(function, static, *compiler_options(network).items())


@cache
def _compiled(
    function: Callable[..., object], static: tuple[str, ...], *options: tuple[str, str]
) -> jax.stages.Wrapped:
    return jax.jit(function, static_argnames=static, compiler_options=dict(options))


def compiler_options(network: Network) -> dict[str, str]:
    """Options for `jax.jit`; none on other devices, and where XLA is to choose itself."""
    kinds = network.cpu_library
    if kinds is None or jax.default_backend() != "cpu" or not _is_known():
        return {}
    return {OPTION: ",".join(f"LIBRARY_FUSION_TYPE_{kind.upper()}" for kind in kinds)}


@cache
def _is_known() -> bool:
    """Whether this XLA has the option, which it calls experimental."""
    try:
        jax.jit(lambda: jnp.zeros(()), compiler_options={OPTION: ""}).lower().compile()
    except jax.errors.JaxRuntimeError:
        return False
    return True
