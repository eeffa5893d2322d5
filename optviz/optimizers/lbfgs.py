"""L-BFGS: BFGS that remembers the last few steps instead of a matrix."""

from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from optviz.catalog import entry, knob
from optviz.optimizers import knobs
from optviz.optimizers._line_search import first_step, strong_wolfe
from optviz.optimizers.base import Optimizer, Params, StepContext, in_bytes


class LBFGSState(NamedTuple):
    steps: jax.Array  # (memory_size, n) s of the last pairs, the newest last
    changes: jax.Array  # (memory_size, n) y of the last pairs
    filled: jax.Array  # () int32, how many pairs there are
    moved: jax.Array  # (n,) the last step
    grads: jax.Array  # (n,) gradient before it
    evaluations: jax.Array  # () int32


@entry
class LBFGS(Optimizer):
    r"""BFGS with the inverse Hessian made anew in each step from the last $m$ steps.

    In words: Remember the last few steps and how the gradient changed over each. Bend the gradient
    by what they tell of the curvature, without ever writing down a matrix, and search along the
    result for a step that goes down far enough.

    From pairs $s_i$ (step) and $y_i$ (change of gradient), newest first and then oldest first,

    $$q \leftarrow g;\quad \alpha_i = \frac{s_i^\top q}{y_i^\top s_i},\
      q \leftarrow q - \alpha_i y_i;\quad
      r \leftarrow \frac{s^\top y}{y^\top y}\, q;\quad
      r \leftarrow r + s_i \Bigl(\alpha_i - \frac{y_i^\top r}{y_i^\top s_i}\Bigr);\quad
      \theta_{t+1} = \theta_t - \alpha_t\, r$$

    $\alpha_t$ meets the strong Wolfe conditions, found as PyTorch finds it. A pair with
    $y^\top s \le 0$ is left out; where the search finds nothing lower, the rule stays, forgets all
    pairs, and goes along the gradient next. On mini-batches $y$ is the difference of the gradients
    of two batches, as in PyTorch: more noise than curvature. With $m \ge n$ and exact searches it
    solves a quadratic of n parameters in n steps.
    Cost per step: one gradient, and one for each trial of the line search, mostly one or two.
    Memory: 2 m copies of params.

    Reference: Liu & Nocedal 1989, https://doi.org/10.1007/BF01589116
    """

    name: ClassVar[str] = "lbfgs"
    label: ClassVar[str] = "L-BFGS"
    half_precision: ClassVar[bool] = False
    kind: ClassVar[str] = "second order"
    parents: ClassVar[tuple[str, ...]] = ("bfgs",)
    adds: ClassVar[str] = "a short memory in place of a matrix"
    full_batch: ClassVar[bool] = True

    memory_size: int = knob(
        10,
        domain=(1, 1000),
        closed="both",
        typical=(1, 20),
        integer=True,
        static=True,
        help="How many of the last steps it remembers.",
    )
    c2: float = knobs.c2(0.9)

    def init(self, params: Params) -> LBFGSState:
        point, _ = ravel_pytree(params)
        pairs = jnp.zeros((int(self.memory_size), point.size), point.dtype)
        none, zeros = jnp.zeros((), jnp.int32), jnp.zeros_like(point)
        return LBFGSState(pairs, pairs, none, zeros, zeros, none)

    def update(self, ctx: StepContext, state: LBFGSState) -> tuple[Params, LBFGSState]:
        point, unravel = ravel_pytree(ctx.params)
        grads, _ = ravel_pytree(ctx.grads)
        steps, changes, filled = self._learn(state, grads)
        direction = -_times_inverse(steps, changes, grads)
        found = strong_wolfe(
            lambda p: ctx.loss_fn(unravel(p)),
            point,
            direction,
            ctx.loss,
            grads @ direction,
            jnp.where(filled == 0, first_step(grads), 1),
            self.c2,
        )
        kept = (found.step != 0).astype(grads.dtype)
        moved = found.step * direction
        spent = state.evaluations + 1 + found.evaluations
        return unravel(moved), LBFGSState(
            steps * kept, changes * kept, jnp.where(found.step == 0, 0, filled), moved, grads, spent
        )

    def _learn(self, state: LBFGSState, grads: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        """The pairs with the last step among them, if it shows positive curvature."""
        s, y = state.moved, grads - state.grads
        keep = y @ s > jnp.finfo(grads.dtype).eps * jnp.sqrt((s @ s) * (y @ y))
        steps = jnp.concatenate([state.steps[1:], s[None]])
        changes = jnp.concatenate([state.changes[1:], y[None]])
        filled = jnp.minimum(state.filled + 1, len(steps))
        return (
            jnp.where(keep, steps, state.steps),
            jnp.where(keep, changes, state.changes),
            jnp.where(keep, filled, state.filled),
        )

    def evaluations(self, state: LBFGSState) -> jax.Array:
        return state.evaluations

    def demand(self, num_params: int) -> str:
        size = in_bytes(2 * self.memory_size * num_params * 4)
        return f"2 · {self.memory_size} · {num_params:,} · 4 bytes = {size} for its memory"


def _times_inverse(steps: jax.Array, changes: jax.Array, grads: jax.Array) -> jax.Array:
    """The estimated inverse Hessian times `grads`; rows of zeros are no pairs."""
    curvature = jnp.sum(steps * changes, axis=1)
    rho = jnp.where(curvature > 0, 1 / jnp.where(curvature > 0, curvature, 1), 0)
    last = len(steps) - 1

    def newest_first(
        i: jax.Array, carry: tuple[jax.Array, jax.Array]
    ) -> tuple[jax.Array, jax.Array]:
        q, alphas = carry
        row = last - i
        alpha = rho[row] * (steps[row] @ q)
        return q - alpha * changes[row], alphas.at[row].set(alpha)

    q, alphas = jax.lax.fori_loop(0, len(steps), newest_first, (grads, jnp.zeros_like(rho)))
    y = changes[-1]
    scale = jnp.where(curvature[-1] > 0, curvature[-1] / jnp.where(y @ y > 0, y @ y, 1), 1)

    def oldest_first(row: jax.Array, r: jax.Array) -> jax.Array:
        return r + steps[row] * (alphas[row] - rho[row] * (changes[row] @ r))

    return jax.lax.fori_loop(0, len(steps), oldest_first, scale * q)
