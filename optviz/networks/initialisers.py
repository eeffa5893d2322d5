"""How weights start. `INITIALISERS`: name -> the weight and bias initialisers of one layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import jax
from jax.nn import initializers

Initialiser: TypeAlias = Callable[..., jax.Array]  # (key, shape, dtype) -> array


class LayerInit(NamedTuple):
    weights: Initialiser
    biases: Initialiser


def _uniform(bound: float) -> Initialiser:
    """U(-bound, bound)."""

    def draw(key: jax.Array, shape: tuple[int, ...], dtype: Any = float, **_: Any) -> jax.Array:
        return jax.random.uniform(key, shape, dtype, -bound, bound)

    return draw


def _pytorch(fan_in: int, fan_out: int) -> LayerInit:
    """U(±1/√fan_in), biases too: PyTorch's default for linear and convolution layers."""
    return LayerInit(_uniform(fan_in**-0.5), _uniform(fan_in**-0.5))


def _normal(std: float) -> LayerInit:
    return LayerInit(initializers.normal(std), initializers.zeros)


# Each takes (fan_in, fan_out): how many numbers enter and leave one unit of the layer.
INITIALISERS: Mapping[str, Callable[[int, int], LayerInit]] = {
    "pytorch": _pytorch,
    "zeros": lambda fan_in, fan_out: LayerInit(initializers.zeros, initializers.zeros),
    "normal_0.01": lambda fan_in, fan_out: _normal(0.01),
    "normal_0.1": lambda fan_in, fan_out: _normal(0.1),
    # Variance 2/(fan_in + fan_out): Glorot & Bengio 2010.
    "xavier": lambda fan_in, fan_out: _normal((2 / (fan_in + fan_out)) ** 0.5),
    # Variance 2/fan_in, also taught as "Xavier/2": He et al. 2015, https://arxiv.org/abs/1502.01852
    "kaiming": lambda fan_in, fan_out: _normal((2 / fan_in) ** 0.5),
}
