"""What a network costs: parameters, operations and memory, layer by layer.

Operations are counted by the textbook's formulas, for one image, forward, in test. A convolution
of D₁ channels to D₂ with kernels of F x F makes F² D₁ · H' W' D₂ multiply-adds, a fully connected
layer D₁ D₂. **A multiply-add counts as two FLOPs**; biases, normalisation, activations and pooling
count too. Products with padded zeros are part of the formula: they are counted, and also told
apart. A step of training costs about three times as much: forward, and two products of the same
size for the gradients of inputs and of weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from optviz.networks.base import Network
from optviz.networks.layers import Layer
from optviz.optimizers import Optimizer


class LayerCost(NamedTuple):
    """One layer, for one image.

    Attributes:
        name: as in the tree of parameters.
        kind: what it does, in words.
        output_shape: without the batch.
        parameters: numbers that the optimizer changes.
        flops: forward, a multiply-add counted as two.
        flops_on_padding: those of them that multiply padded zeros.
        activations: numbers that it puts out.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    flops: int
    flops_on_padding: int
    activations: int


class NetworkCost(NamedTuple):
    """All layers, in the order in which an image passes them."""

    layers: tuple[LayerCost, ...]

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)

    @property
    def flops(self) -> int:
        return sum(layer.flops for layer in self.layers)

    @property
    def flops_on_padding(self) -> int:
        return sum(layer.flops_on_padding for layer in self.layers)

    @property
    def activations(self) -> int:
        return sum(layer.activations for layer in self.layers)


def cost(network: Network) -> NetworkCost:
    """The cost of each layer; shapes are traced, and nothing is computed."""
    params, stats = network.shapes()
    rows: list[LayerCost] = []

    def look(
        call: Callable[..., Any], args: Any, kwargs: Any, context: nn.module.InterceptorContext
    ) -> Any:
        result, layer = call(*args, **kwargs), context.module
        if isinstance(layer, Layer) and context.method_name == "__call__":
            name = layer.name or layer.kind
            inputs, outputs = args[0].shape[1:], result.shape[1:]
            rows.append(
                LayerCost(
                    name,
                    layer.kind,
                    outputs,
                    _count(params.get(name, ())),
                    layer.flops(inputs, outputs),
                    layer.flops_on_padding(inputs, outputs),
                    math.prod(outputs),
                )
            )
        return result

    with nn.intercept_methods(look):
        jax.eval_shape(lambda *shapes: _test(network, *shapes), params, stats, _image(network))
    return NetworkCost(tuple(rows))


class Memory(NamedTuple):
    """Bytes of a training; workspace of the compiler comes on top."""

    weights: int  # with running averages
    gradients: int
    state: int  # of the optimizer
    activations: int  # what all layers put out, kept for the way back

    @property
    def total(self) -> int:
        return sum(self)


def memory(network: Network, optimizer: Optimizer, batch_size: int, runs: int = 1) -> Memory:
    """What `runs` trainings at once keep, in float32, each with a batch of its own."""
    params, stats = network.shapes()
    state = jax.eval_shape(lambda p: optimizer.init(p), params)
    activations = 4 * batch_size * cost(network).activations
    sizes = (_bytes((params, stats)), _bytes(params), _bytes(state), activations)
    return Memory(*(runs * size for size in sizes))


def xla_flops(network: Network) -> float:
    """FLOPs of the forward pass for one image, as XLA counts them in the program before tuning.

    Counted for a platform that has the plain form of every convolution. XLA leaves products with
    padded zeros out, and counts square roots and exponentials apart.
    """
    program = jax.jit(_test).trace(network, *network.shapes(), _image(network))
    analysis: Any = program.lower(lowering_platforms=("cuda",)).cost_analysis()
    return float(analysis["flops"])


def _test(network: Network, params: Any, stats: Any, image: jax.Array) -> jax.Array:
    return network.apply(params, stats, image, False, jax.random.key(0))[0]


def _image(network: Network) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((1, *network.input_shape), jnp.float32)


def _count(tree: Any) -> int:
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(tree))


def _bytes(tree: Any) -> int:
    return sum(math.prod(leaf.shape) * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))
