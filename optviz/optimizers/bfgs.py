"""BFGS: the inverse Hessian, learned from how the gradient changes along the way."""

from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from optviz.catalog import entry
from optviz.optimizers import knobs
from optviz.optimizers._line_search import first_step, strong_wolfe
from optviz.optimizers.base import Optimizer, Params, StepContext, square_matrix


class BFGSState(NamedTuple):
    inverse: jax.Array  # (n, n) estimate of the inverse Hessian
    moved: jax.Array  # (n,) the last step
    grads: jax.Array  # (n,) gradient before it
    learned: jax.Array  # () int32, how many steps `inverse` has seen since it was the identity
    evaluations: jax.Array  # () int32


@entry
class BFGS(Optimizer):
    r"""Newton's method without a Hessian: its inverse is estimated from steps and gradients.

    In words: See how the gradient changed over the last step, and correct a matrix that estimates
    the inverse Hessian so that it explains the change. Multiply the gradient by the matrix for a
    direction, and search along it for a step that goes down far enough.

    With step $s = \theta_t - \theta_{t-1}$, change of gradient $y = g_t - g_{t-1}$ and
    $\rho = 1/(y^\top s)$

    $$B_t = (I - \rho s y^\top)\, B_{t-1}\, (I - \rho y s^\top) + \rho s s^\top, \qquad
      \theta_{t+1} = \theta_t - \alpha_t B_t g_t$$

    $\alpha_t$ meets the strong Wolfe conditions, which keeps $y^\top s > 0$ and so $B$ positive
    definite; a pair that does not (noise, a mini-batch) is left out. Before the first pair $B$ is
    $y^\top s/(y^\top y)$ times the identity. Where the search finds nothing lower, the rule stays,
    forgets all it has learned, and goes along the gradient next. With exact searches it solves a
    quadratic of n parameters in n steps.
    Cost per step: one gradient, and one for each trial of the line search, mostly one or two.
    Memory: n² numbers.

    Reference: Broyden, Fletcher, Goldfarb, Shanno 1970, in Nocedal & Wright 2006, algorithm 6.1,
    https://doi.org/10.1007/978-0-387-40065-5
    """

    name: ClassVar[str] = "bfgs"
    label: ClassVar[str] = "BFGS"
    half_precision: ClassVar[bool] = False
    kind: ClassVar[str] = "second order"
    parents: ClassVar[tuple[str, ...]] = ("newton", "armijo")
    adds: ClassVar[str] = "an inverse Hessian learned from gradients"
    max_params: ClassVar[int | None] = 2_048
    instead: ClassVar[tuple[str, ...]] = ("lbfgs",)
    full_batch: ClassVar[bool] = True

    c2: float = knobs.c2(0.9)

    def init(self, params: Params) -> BFGSState:
        point, _ = ravel_pytree(params)
        none, zeros = jnp.zeros((), jnp.int32), jnp.zeros_like(point)
        return BFGSState(jnp.eye(point.size, dtype=point.dtype), zeros, zeros, none, none)

    def update(self, ctx: StepContext, state: BFGSState) -> tuple[Params, BFGSState]:
        point, unravel = ravel_pytree(ctx.params)
        grads, _ = ravel_pytree(ctx.grads)
        inverse, learned = self._learn(state, grads)
        direction = -inverse @ grads
        slope = grads @ direction
        found = strong_wolfe(
            lambda p: ctx.loss_fn(unravel(p)),
            point,
            direction,
            ctx.loss,
            slope,
            jnp.where(learned == 0, first_step(grads), 1),
            self.c2,
        )
        failed = found.step == 0
        moved = found.step * direction
        inverse = jnp.where(failed, jnp.eye(point.size, dtype=point.dtype), inverse)
        learned = jnp.where(failed, 0, learned)
        spent = state.evaluations + 1 + found.evaluations
        return unravel(moved), BFGSState(inverse, moved, grads, learned, spent)

    def _learn(self, state: BFGSState, grads: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The estimate after the last step, and how many steps it has seen."""
        s, y = state.moved, grads - state.grads
        curvature = y @ s
        eps = jnp.finfo(grads.dtype).eps
        keep = curvature > eps * jnp.sqrt((s @ s) * (y @ y))
        rho = 1 / jnp.where(keep, curvature, 1)
        scale = jnp.where(state.learned == 0, curvature / jnp.where(keep, y @ y, 1), 1)
        before = scale * state.inverse
        by = before @ y
        # The product above, multiplied out: three rank-one terms instead of two matrix products.
        after = (
            before
            - rho * (jnp.outer(s, by) + jnp.outer(by, s))
            + rho * (1 + rho * (y @ by)) * jnp.outer(s, s)
        )
        return jnp.where(keep, after, state.inverse), state.learned + keep.astype(jnp.int32)

    def evaluations(self, state: BFGSState) -> jax.Array:
        return state.evaluations

    def demand(self, num_params: int) -> str:
        return square_matrix(num_params, "for its estimate of the inverse Hessian")
