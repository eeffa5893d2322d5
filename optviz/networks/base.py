"""What every network is: an entry with one method, `forward`, written with flax layers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, TypeAlias

import flax.linen as nn
import jax
import jax.numpy as jnp

from optviz.catalog import Entry
from optviz.kept import kept
from optviz.networks.layers import DEAD, UNITS, BatchNorm
from optviz.networks.normalisation import counting

Params: TypeAlias = Any  # nested dict of arrays that the optimizer changes
Stats: TypeAlias = Any  # nested dict of arrays that the forward pass changes (running averages)


class Network(Entry):
    """An image classifier with pure `init` and `apply`.

    An entry writes `forward` only, as the body of a flax `compact` method: layers are made where
    they are called, and find their parameters by name. Sizes are switches: they change shapes.
    """

    input_shape: ClassVar[tuple[int, int, int]] = (32, 32, 3)  # height, width, channels
    num_classes: ClassVar[int] = 10
    # Kinds of operations ("eltwise", "reduce", ...) that are quicker on a CPU as kernels of XLA's
    # YNNPACK library than in XLA's own loops, as measured; None leaves the choice to XLA.
    cpu_library: ClassVar[tuple[str, ...] | None] = None

    def forward(self, x: jax.Array, train: bool) -> jax.Array:
        """Logits (batch, num_classes) of normalised images x (batch, height, width, channels)."""
        raise NotImplementedError

    def check(self) -> None:
        """Refuse switches that no list of options can describe; raises `ValueError`."""

    def init(self, key: jax.Array) -> tuple[Params, Stats]:
        """Fresh parameters and statistics; the same key gives the same ones."""
        x = jnp.zeros((1, *self.input_shape), jnp.float32)
        variables = _Module(self).init({"params": key}, x, False)
        stats = {name: values for name, values in variables.items() if name != "params"}
        return variables.get("params", {}), stats

    def apply(
        self,
        params: Params,
        stats: Stats,
        x: jax.Array,
        train: bool,
        key: jax.Array,
        counts: jax.Array | None = None,
    ) -> tuple[jax.Array, Stats]:
        """The forward pass.

        Args:
            params: as from `init`.
            stats: as from `init` or the last `apply`; read when `train` is false.
            x: (batch, 32, 32, 3) normalised images, of the dtype of params.
            train: whether layers behave as in training (batch statistics, dropout).
            key: for layers that draw random numbers in training.
            counts: (batch,) 1 for the images that batch statistics are taken of, 0 for those that
                only fill the batch up; None: all.

        Returns:
            Logits (batch, num_classes) and the next statistics.
        """
        variables, rngs = {"params": params, **stats}, {"dropout": key}
        mutable = list(stats) if train else False
        with counting(counts):
            result: Any = _Module(self).apply(variables, x, train, rngs=rngs, mutable=mutable)
        return result if train else (result, stats)

    def shapes(self) -> tuple[Params, Stats]:
        """What `init` makes, as shapes and dtypes: nothing is computed, and it is remembered."""
        return _facts(self._at_defaults()).shapes

    def num_params(self) -> int:
        """How many numbers the optimizer changes."""
        return _facts(self._at_defaults()).num_params

    @property
    def uses_batch_statistics(self) -> bool:
        """Whether in training the output for one image depends on the others (batch norm)."""
        _, stats = self.shapes()
        return bool(jax.tree.leaves(stats))

    @property
    def smallest_batch(self) -> int:
        """How many images a step of training needs: 2 where batch norm would see one value alone.

        As in PyTorch: one image has several values a channel while it has several positions.
        """
        return _facts(self._at_defaults()).smallest_batch

    @property
    def num_activations(self) -> int:
        """Numbers that all its layers put out for one image: what a step keeps for the way back."""
        return _facts(self._at_defaults()).num_activations

    def dead_units(self, params: Params, stats: Stats, x: jax.Array) -> dict[str, jax.Array]:
        """Share of units that are zero for every image, at every position, as in the test.

        Args:
            params, stats, x: as for `apply`.

        Returns:
            Name -> () float32 for each layer of an activation that can die. A unit of a convolution
            is a channel.
        """
        variables = {"params": params, **stats}
        result: Any = _Module(self).apply(variables, x, False, mutable=[UNITS])
        return {name: layer[DEAD] for name, layer in result[1].get(UNITS, {}).items()}

    def _at_defaults(self) -> Network:
        """The same program; numbers that are traced decide no shape, and may not be hashable."""
        return jax.tree.map(lambda _: 0.0, self)


def _key() -> jax.ShapeDtypeStruct:
    """The shape of a key: a real one would start JAX, which a training sets up only later."""
    return jax.eval_shape(lambda: jax.random.key(0))


class _Facts(NamedTuple):
    """What is known of a network without computing anything."""

    shapes: tuple[Params, Stats]
    num_params: int
    num_activations: int
    smallest_batch: int


@kept(megabytes=32)
def _facts(network: Network) -> _Facts:
    sizes: list[int] = []  # of what each layer puts out for one image
    positions: list[int] = []  # of one image, in front of each batch norm

    def look(
        call: Callable[..., Any], args: Any, kwargs: Any, context: nn.module.InterceptorContext
    ) -> Any:
        result = call(*args, **kwargs)
        if context.method_name == "__call__" and not isinstance(context.module, _Module):
            sizes.append(math.prod(result.shape[1:]))
            if isinstance(context.module, BatchNorm):
                positions.append(math.prod(args[0].shape[1:-1]))
        return result

    with nn.intercept_methods(look):
        shapes = jax.eval_shape(network.init, _key())
    num_params = sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(shapes[0]))
    return _Facts(shapes, num_params, sum(sizes), 2 if 1 in positions else 1)


class _Module(nn.Module):
    """The one flax module: it lends its scope to the entry's `forward`."""

    network: Network

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        return self.network.forward(x, train)
