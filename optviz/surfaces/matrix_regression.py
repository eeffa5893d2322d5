"""A layer that learns to copy its inputs: the smallest loss whose parameters are a matrix."""

import math
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from optviz.catalog import entry, knob
from optviz.surfaces.base import Point, Surface

# The inputs vary along the columns of a Hadamard matrix, so that no input stands for a direction;
# the outputs are mixed by a reflection at a vector with unequal entries.
_INPUTS = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2
_MIRROR = np.array([1.0, 2.0, 3.0, 4.0])
_OUTPUTS = np.eye(4) - 2 * np.outer(_MIRROR, _MIRROR) / (_MIRROR @ _MIRROR)
_STEEP = _INPUTS @ np.diag([1, 1, 0, 0]) @ _OUTPUTS / math.sqrt(2)
_FLAT = _INPUTS @ np.diag([0, 0, 1, 1]) @ _OUTPUTS / math.sqrt(2)


@entry
class MatrixRegression(Surface):
    r"""Least squares for a 4 × 4 matrix whose inputs vary much in some directions, little in some.

    With inputs $a$ of covariance $C$, whose eigenvalues $\lambda_1 > \dots > \lambda_4$ are
    $\kappa, \kappa^{2/3}, \kappa^{1/3}, 1$, the matrix is to give back what it gets:

    $$f(W) = \tfrac12\, \mathrm{E}\, \lVert W^\top a - a \rVert^2
           = \tfrac12\, \mathrm{tr}\, (W - I)^\top C\, (W - I), \qquad W(x, y) = I + y D_1 + x D_2$$

    The map shows the loss on the slice $W(x, y)$, where $D_1$ changes the answer to the two
    strongest directions of the inputs and $D_2$ to the two weakest:
    $\tfrac14\,((\lambda_1 + \lambda_2)\, y^2 + (\lambda_3 + \lambda_4)\, x^2)$. Rules run on all 16
    numbers and most leave the slice; a path is drawn where its matrix is nearest to it, and the
    recorded loss is the matrix's own, which lies above the map's by what is off the slice. Muon's
    exact step stays on it: $D_1$ and $D_2$ have equal singular values, so that it moves as far
    along $y$ as along $x$, however steep each is.

    Reference: a formula of this project, after the quadratic in Bernstein & Newhouse 2024,
    https://arxiv.org/abs/2409.20325
    """

    name: ClassVar[str] = "matrix_regression"
    label: ClassVar[str] = "Matrix regression"
    params_shape: ClassVar[tuple[int, ...]] = (4, 4)
    xlim: ClassVar[Point] = (-4.0, 4.0)
    ylim: ClassVar[Point] = (-3.0, 3.0)
    start: ClassVar[Point] = (-3.2, 2.0)

    condition: float = knob(
        100.0,
        domain=(0, math.inf),
        closed="neither",
        typical=(1, 10_000),
        log=True,
        help="How many times more the inputs vary in their strongest direction than in the "
        "weakest.",
    )

    def __call__(self, params: jax.Array) -> jax.Array:
        x, y = params
        first, second, third, fourth = self._variances(x.dtype)
        return 0.25 * ((first + second) * y**2 + (third + fourth) * x**2)

    def loss(self, params: jax.Array) -> jax.Array:
        error = jnp.asarray(_INPUTS.T, params.dtype) @ (params - jnp.eye(4, dtype=params.dtype))
        return 0.5 * jnp.sum(self._variances(params.dtype)[:, None] * error**2)

    def embed(self, point: jax.Array) -> jax.Array:
        x, y = point
        flat, steep = (jnp.asarray(d, point.dtype) for d in (_FLAT, _STEEP))
        return jnp.eye(4, dtype=point.dtype) + x * flat + y * steep

    def project(self, params: jax.Array) -> jax.Array:
        error = params - jnp.eye(4, dtype=params.dtype)
        directions = (jnp.asarray(d, params.dtype) for d in (_FLAT, _STEEP))
        return jnp.stack([jnp.sum(d * error) for d in directions])

    def _variances(self, dtype: jnp.dtype) -> jax.Array:
        """(4,) eigenvalues of the inputs' covariance."""
        return jnp.asarray(self.condition, dtype) ** jnp.asarray([1, 2 / 3, 1 / 3, 0], dtype)

    def minima(self) -> tuple[Point, ...]:
        return ((0.0, 0.0),)

    def saddles(self) -> tuple[Point, ...]:
        return ()
