"""Conjugate gradient: each direction keeps what the ones before it have won."""

from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from optviz.catalog import entry
from optviz.optimizers import knobs
from optviz.optimizers._line_search import first_step, strong_wolfe
from optviz.optimizers.base import Optimizer, Params, StepContext


class ConjugateGradientState(NamedTuple):
    direction: jax.Array  # (n,) the last one; zero: none
    grads: jax.Array  # (n,) gradient before the last step
    fall: jax.Array  # () the last step times the slope at its start
    evaluations: jax.Array  # () int32


@entry
class ConjugateGradient(Optimizer):
    r"""Nonlinear conjugate gradient in the form of Polak and Ribière, restarted (PR+).

    In words: Add to the downhill direction a share of the last direction, so large that the new
    step does not spoil what the last one won. Search along it until little slope is left; where it
    does not lead down, start again from the gradient alone.

    With gradient $g_t$

    $$\beta_t = \max\Bigl(0, \frac{g_t^\top (g_t - g_{t-1})}{g_{t-1}^\top g_{t-1}}\Bigr), \qquad
      d_t = -g_t + \beta_t d_{t-1}, \qquad \theta_{t+1} = \theta_t + \alpha_t d_t$$

    $\alpha_t$ meets the strong Wolfe conditions; its first trial expects as much descent as the
    last step had. A direction that does not lead down, or along which nothing lower is found, is
    dropped for the gradient. With exact searches it solves a quadratic of n parameters in n steps.
    Cost per step: one gradient, and one for each trial of the line search, mostly two.
    Memory: two copies of params.

    Reference: Polak & Ribière 1969, in Nocedal & Wright 2006, section 5.2,
    https://doi.org/10.1007/978-0-387-40065-5
    """

    name: ClassVar[str] = "conjugate_gradient"
    label: ClassVar[str] = "Conjugate gradient"
    half_precision: ClassVar[bool] = False
    kind: ClassVar[str] = "line search"
    parents: ClassVar[tuple[str, ...]] = ("sgd", "armijo")
    adds: ClassVar[str] = "directions that do not undo each other"
    full_batch: ClassVar[bool] = True

    c2: float = knobs.c2(0.1, typical=(0.01, 0.5))

    def init(self, params: Params) -> ConjugateGradientState:
        zeros = jnp.zeros_like(ravel_pytree(params)[0])
        return ConjugateGradientState(zeros, zeros, zeros.sum(), jnp.zeros((), jnp.int32))

    def update(
        self, ctx: StepContext, state: ConjugateGradientState
    ) -> tuple[Params, ConjugateGradientState]:
        point, unravel = ravel_pytree(ctx.params)
        grads, _ = ravel_pytree(ctx.grads)
        square = state.grads @ state.grads
        beta = jnp.maximum(0, grads @ (grads - state.grads) / jnp.where(square > 0, square, 1))
        direction = -grads + beta * state.direction
        downhill = (grads @ direction < 0) & (square > 0)
        direction = jnp.where(downhill, direction, -grads)
        slope = grads @ direction
        known = downhill & (state.fall < 0)
        first = jnp.where(known, state.fall / jnp.where(slope < 0, slope, -1), first_step(grads))
        found = strong_wolfe(
            lambda p: ctx.loss_fn(unravel(p)), point, direction, ctx.loss, slope, first, self.c2
        )
        kept = (found.step != 0).astype(grads.dtype)
        spent = state.evaluations + 1 + found.evaluations
        return unravel(found.step * direction), ConjugateGradientState(
            kept * direction, kept * grads, found.step * slope, spent
        )

    def evaluations(self, state: ConjugateGradientState) -> jax.Array:
        return state.evaluations
