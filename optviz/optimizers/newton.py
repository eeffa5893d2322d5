"""Newton's method: the step that would be right if the loss were the quadratic it looks like."""

from math import inf
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from optviz.catalog import entry, knob
from optviz.optimizers import knobs
from optviz.optimizers.base import Optimizer, Params, StepContext, square_matrix


class NewtonState(NamedTuple):
    evaluations: jax.Array  # () int32, gradients and Hessian-vector products so far


@entry
class Newton(Optimizer):
    r"""Jumps to where the second-order Taylor polynomial of the loss is level.

    In words: Take the gradient and the exact curvature here, and with them the quadratic that the
    loss looks like. Jump to where this quadratic is level, be it a minimum, a saddle or a maximum.

    With gradient $g$, Hessian $H$ and damping $\delta$

    $$\theta_{t+1} = \theta_t - \eta_t\, (H_t + \delta I)^{-1} g_t$$

    On a quadratic one step at $\eta = 1$ is enough. It seeks any level point: where the Hessian has
    negative eigenvalues larger than $\delta$ it climbs along them, so saddles and maxima draw it
    in; damping beyond the most negative one turns it downhill. Where $H + \delta I$ is singular the
    equation has no solution, and the step is that of gradient descent.
    Cost per step: one gradient, n Hessian-vector products and the solution of n equations.
    Memory: n² numbers.

    Reference: Nocedal & Wright 2006, section 3.3, https://doi.org/10.1007/978-0-387-40065-5
    """

    name: ClassVar[str] = "newton"
    label: ClassVar[str] = "Newton"
    half_precision: ClassVar[bool] = False
    kind: ClassVar[str] = "second order"
    parents: ClassVar[tuple[str, ...]] = ()
    adds: ClassVar[str] = "the curvature, exactly"
    since: ClassVar[int | None] = 1685
    max_params: ClassVar[int | None] = 2_048
    instead: ClassVar[tuple[str, ...]] = ("lbfgs",)
    own_rate: ClassVar[bool] = True

    learning_rate: float = knobs.learning_rate(
        1.0,
        typical=(0.01, 2),
        help="Share of the way to the level point that each step goes; 1 is Newton's own.",
    )
    damping: float = knob(
        0.0,
        domain=(0, inf),
        typical=(0, 10),
        help="Curvature added in every direction: short steps where the surface is flat or bent "
        "downwards.",
    )

    def init(self, params: Params) -> NewtonState:
        return NewtonState(jnp.zeros((), jnp.int32))

    def update(self, ctx: StepContext, state: NewtonState) -> tuple[Params, NewtonState]:
        point, unravel = ravel_pytree(ctx.params)
        grads, _ = ravel_pytree(ctx.grads)
        hessian = jax.hessian(lambda p: ctx.loss_fn(unravel(p)))(point)
        damped = hessian + self.damping * jnp.eye(point.size, dtype=point.dtype)
        step = jnp.linalg.solve(damped, grads)
        step = jnp.where(jnp.isfinite(step).all(), step, grads)
        spent = state.evaluations + jnp.int32(1 + point.size)
        return unravel(-self.learning_rate * step), NewtonState(spent)

    def evaluations(self, state: NewtonState) -> jax.Array:
        return state.evaluations

    def demand(self, num_params: int) -> str:
        return square_matrix(num_params, "for its Hessian")
