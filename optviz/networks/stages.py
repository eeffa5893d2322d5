"""What plain and residual networks have in common: three stages of pairs of 3x3 convolutions."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import jax

from optviz.catalog import entry, knob
from optviz.networks.base import Network
from optviz.networks.layers import Add, GlobalAveragePool
from optviz.networks.recipe import Recipe

Shortcut = Callable[[jax.Array, int, int, str], jax.Array]  # x, features, stride, name


@entry
class Staged(Network):
    """The sizes of a network in three stages."""

    cpu_library: ClassVar[tuple[str, ...] | None] = ("eltwise", "reduce")

    depth: int = knob(
        8,
        domain=(8, 1202),
        typical=(8, 56),
        closed="both",
        integer=True,
        static=True,
        help="How many layers have weights: 6n + 2.",
    )
    width: int = knob(
        16,
        domain=(1, 512),
        typical=(4, 64),
        closed="both",
        integer=True,
        static=True,
        help="Channels of the first stage.",
    )

    def check(self) -> None:
        if self.depth % 6 != 2:
            raise ValueError(
                f"{type(self).__name__}.depth must be 6n + 2 (8, 14, 20, 32, …), got {self.depth}"
            )


def staged(
    x: jax.Array, recipe: Recipe, depth: int, width: int, shortcut: Shortcut | None
) -> jax.Array:
    """From images to one value a channel: (batch, 32, 32, 3) -> (batch, 4 width).

    A convolution, three stages of n = (depth − 2) / 6 blocks with `width`, 2 and 4 times `width`
    channels, and the mean over positions. The first block of a later stage halves the sides by its
    stride. With a `shortcut`, what a block starts from joins what it ends with.
    """
    x = recipe.conv(x, width, 3, name="conv", padding=1)
    for stage in range(3):
        for block in range((depth - 2) // 6):
            features, stride = width * 2**stage, 2 if stage and not block else 1
            name = f"stage_{stage}_block_{block}"
            y = recipe.conv(x, features, 3, name=f"{name}_conv_0", stride=stride, padding=1)
            y = recipe.conv(y, features, 3, name=f"{name}_conv_1", padding=1, activate=False)
            if shortcut is not None:
                y = Add(name=f"{name}_sum")(y, shortcut(x, features, stride, name))
            x = recipe.activate(y, name=f"{name}_conv_1")
    return GlobalAveragePool()(x)
