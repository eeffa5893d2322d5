"""Saddle-free Newton: Newton's step with every curvature taken as if it bent upwards."""

from math import inf
from typing import ClassVar

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from optviz.catalog import entry, knob
from optviz.optimizers.base import Params, StepContext
from optviz.optimizers.newton import Newton, NewtonState


@entry
class SaddleFreeNewton(Newton):
    r"""Divides the gradient by the size of the curvature in each eigendirection of the Hessian.

    In words: Split the gradient along the axes of the curvature and divide each part by the
    curvature's size there, whatever its sign. Where the loss bends upwards this is Newton's step;
    where it bends downwards the step leads away from the saddle.

    With $H = Q \Lambda Q^\top$ and damping $\delta$

    $$\theta_{t+1} = \theta_t - \eta_t\, (|H_t| + \delta I)^{-1} g_t, \qquad
      |H| = Q\, |\Lambda|\, Q^\top$$

    Where the loss bends upwards this is Newton's step; where it bends downwards the step turns
    round and runs from the saddle that Newton would enter. In a direction without curvature,
    divided by nothing, it moves as gradient descent does. The paper finds $|H|$ in a small subspace
    so that networks can be trained; here all eigenvectors are computed.
    Cost per step: one gradient, n Hessian-vector products and n eigenvectors. Memory: n² numbers.

    Reference: Dauphin et al. 2014, https://arxiv.org/abs/1406.2572
    """

    name: ClassVar[str] = "saddle_free_newton"
    label: ClassVar[str] = "Saddle-free Newton"
    kind: ClassVar[str] = "second order"
    parents: ClassVar[tuple[str, ...]] = ("newton",)
    adds: ClassVar[str] = "absolute curvature"

    damping: float = knob(
        0.0,
        domain=(0, inf),
        typical=(0, 10),
        help="Curvature added in every direction: short steps where the surface is nearly flat.",
    )

    def update(self, ctx: StepContext, state: NewtonState) -> tuple[Params, NewtonState]:
        point, unravel = ravel_pytree(ctx.params)
        grads, _ = ravel_pytree(ctx.grads)
        hessian = jax.hessian(lambda p: ctx.loss_fn(unravel(p)))(point)
        # A Hessian that is not finite has no eigenvectors: LAPACK would not return.
        finite = jnp.isfinite(hessian).all()
        values, vectors = jnp.linalg.eigh(jnp.where(finite, hessian, jnp.zeros_like(hessian)))
        curvature = jnp.abs(values) + self.damping
        rounding = jnp.finfo(point.dtype).eps * jnp.max(curvature)
        curvature = jnp.where(curvature > rounding, curvature, jnp.ones_like(curvature))
        step = vectors @ ((vectors.T @ grads) / curvature)
        spent = state.evaluations + jnp.int32(1 + point.size)
        return unravel(-self.learning_rate * step), NewtonState(spent)
