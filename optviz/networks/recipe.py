"""How the layers of one network are made: start, normalisation and non-linearity, chosen once."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from optviz.networks.initialisers import INITIALISERS
from optviz.networks.layers import Activate, BatchNorm, Conv, Dense


@dataclass(frozen=True)
class Recipe:
    """Makes units: a weight layer, then batch norm where asked for, then a non-linearity.

    Attributes:
        initialiser: a key of `INITIALISERS`.
        activation: a key of `ACTIVATIONS`.
        batch_norm: whether weight layers are normalised; in front of it a bias would do nothing.
        train: whether layers behave as in training.
    """

    initialiser: str
    activation: str
    train: bool
    batch_norm: bool = False

    def conv(
        self,
        x: jax.Array,
        features: int,
        size: int,
        *,
        name: str,
        stride: int = 1,
        padding: int = 0,
        activate: bool = True,
    ) -> jax.Array:
        """A convolution unit: (batch, h, w, channels) -> (batch, h', w', features)."""
        area = size * size
        start = INITIALISERS[self.initialiser](area * x.shape[-1], area * features)
        bias = not self.batch_norm
        x = Conv(features, size, start, stride, padding, bias, name=name)(x)
        return self._finish(x, name, activate)

    def dense(self, x: jax.Array, features: int, *, name: str) -> jax.Array:
        """A fully connected unit: (batch, inputs) -> (batch, features)."""
        start = INITIALISERS[self.initialiser](x.shape[-1], features)
        x = Dense(features, start, not self.batch_norm, name=name)(x)
        return self._finish(x, name, activate=True)

    def output(self, x: jax.Array, classes: int, *, bias: bool = True) -> jax.Array:
        """The last layer, bare: (batch, inputs) -> logits (batch, classes)."""
        start = INITIALISERS[self.initialiser](x.shape[-1], classes)
        return Dense(classes, start, bias, name="output")(x)

    def activate(self, x: jax.Array, *, name: str) -> jax.Array:
        """The non-linearity of the unit `name`."""
        return Activate(self.activation, name=f"{name}_{self.activation}")(x)

    def _finish(self, x: jax.Array, name: str, activate: bool) -> jax.Array:
        if self.batch_norm:
            x = BatchNorm(self.train, name=f"{name}_norm")(x)
        return self.activate(x, name=name) if activate else x
