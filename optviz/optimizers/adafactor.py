"""Adafactor: Adam's denominator from row and column means, in almost no memory."""

from math import inf
from typing import ClassVar, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob
from optviz.optimizers import knobs
from optviz.optimizers.base import Optimizer, Params, StepContext
from optviz.optimizers.norms import rms


class Factors(NamedTuple):
    row: jax.Array  # (..., n, 1) running mean of squared gradients along the last axis
    column: jax.Array  # (..., 1, m) the same along the last but one


Moments: TypeAlias = Factors | jax.Array


class AdafactorState(NamedTuple):
    nu: Params  # one `Factors` for each matrix, an array for each vector


@entry
class Adafactor(Optimizer):
    r"""Scales by a mean square that is stored as one row times one column.

    In words: Keep running means of the squared gradient, one for each row and one for each column
    of a matrix; their product stands in for the scale of every number. Divide the gradient by the
    root of it, shorten what comes out too long, and move by a share of the matrix's own size.

    For a matrix $X$ of $n \times m$ parameters with gradient $G$ and
    $\hat\beta_t = 1 - t^{-c}$

    $$R_t = \hat\beta_t R_{t-1} + (1-\hat\beta_t)\, G_t^2 \tfrac1m 1_m, \qquad
      C_t = \hat\beta_t C_{t-1} + (1-\hat\beta_t)\, \tfrac1n 1_n^\top G_t^2, \qquad
      \hat V_t = \frac{R_t C_t}{\tfrac1n 1_n^\top R_t}$$
    $$U_t = \frac{G_t}{\sqrt{\hat V_t}}, \qquad
      X_{t+1} = X_t - \max(\epsilon_2, \mathrm{RMS}(X_t))\, \min(\eta_t, t^{-1/2})\,
                \frac{U_t}{\max(1, \mathrm{RMS}(U_t)/d)}$$

    Arrays of more dimensions are factored along their last two. A vector, and so a bare point, is
    not factored: $\hat V$ is the plain running mean; its step is in proportion to its distance from
    the origin. As in PyTorch $\hat V$ is kept above $\epsilon_1^2$ (the paper adds $\epsilon_1$,
    1e-30, to the squares; PyTorch's default is the machine's rounding unit) and the weight decay is
    decoupled. optax factors the two largest axes, and only where they are long.
    Cost per step: one gradient. Memory: n + m numbers for n × m parameters.

    Reference: Shazeer & Stern 2018, Algorithms 4 and 5, https://arxiv.org/abs/1804.04235
    """

    name: ClassVar[str] = "adafactor"
    label: ClassVar[str] = "Adafactor"
    kind: ClassVar[str] = "adaptive"
    parents: ClassVar[tuple[str, ...]] = ("adam",)
    adds: ClassVar[str] = "one number a row and a column"
    elementwise: ClassVar[bool] = False

    learning_rate: float = knobs.learning_rate(
        1e-2,
        typical=(1e-4, 1),
        help="Largest share of its own size that an array moves in one step.",
    )
    decay_rate: float = knob(
        0.8,
        domain=(0, inf),
        closed="neither",
        typical=(0.1, 1),
        help="How fast the memory of the squared gradient grows with the steps.",
    )
    eps1: float = knob(
        1e-15,
        domain=(0, inf),
        closed="neither",
        typical=(1e-15, 1),
        log=True,
        help="Smallest gradient that is told from none.",
    )
    eps2: float = knob(
        1e-3,
        domain=(0, inf),
        typical=(1e-6, 10),
        log=True,
        help="Parameters smaller than this move as if they had this size.",
    )
    clipping_threshold: float = knob(
        1.0,
        domain=(0, inf),
        closed="neither",
        typical=(0.1, 10),
        log=True,
        help="How far a step may exceed its usual size before it is shortened.",
    )
    weight_decay: float = knobs.weight_decay(0.0)

    def init(self, params: Params) -> AdafactorState:
        def zeros(p: jax.Array) -> Moments:
            if p.ndim < 2:
                return jnp.zeros_like(p)
            row, column = (*p.shape[:-1], 1), (*p.shape[:-2], 1, p.shape[-1])
            return Factors(jnp.zeros(row, p.dtype), jnp.zeros(column, p.dtype))

        return AdafactorState(jax.tree.map(zeros, params))

    def update(self, ctx: StepContext, state: AdafactorState) -> tuple[Params, AdafactorState]:
        t = ctx.t
        fresh = t**-self.decay_rate
        rate = jnp.minimum(self.learning_rate, 1 / jnp.sqrt(t))

        def remember(g: jax.Array, old: Moments) -> Moments:
            if not isinstance(old, Factors):
                return old + fresh * (g**2 - old)
            row = jnp.mean(g**2, axis=-1, keepdims=True)
            column = jnp.mean(g**2, axis=-2, keepdims=True)
            return Factors(
                old.row + fresh * (row - old.row), old.column + fresh * (column - old.column)
            )

        def leaf(g: jax.Array, p: jax.Array, nu: Moments) -> jax.Array:
            if isinstance(nu, Factors):
                mean = jnp.mean(nu.row, axis=-2, keepdims=True)
                square = nu.row * nu.column / jnp.maximum(mean, self.eps1)
            else:
                square = nu
            direction = g / jnp.sqrt(jnp.maximum(square, self.eps1**2))
            shorten = jnp.maximum(1, rms(direction) / self.clipping_threshold)
            alpha = jnp.maximum(self.eps2, rms(p)) * rate
            return -alpha * direction / shorten - self.learning_rate * self.weight_decay * p

        nu = jax.tree.map(remember, ctx.grads, state.nu)
        return jax.tree.map(leaf, ctx.grads, ctx.params, nu), AdafactorState(nu)
