"""Muon: momentum whose every direction in the space of matrices gets the same length."""

import math
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob, switch
from optviz.optimizers import knobs
from optviz.optimizers.adam import AdamState
from optviz.optimizers.adamw import AdamW
from optviz.optimizers.base import Optimizer, Params, Problem, StepContext
from optviz.optimizers.means import running_mean

A, B, C = 3.4445, -4.7750, 2.0315  # the quintic whose slope at 0 is steepest
EPS = 1e-7


class MuonState(NamedTuple):
    trace: Params  # running mean of gradients, shaped like params
    rest: AdamState  # of AdamW, for what is no matrix


@entry
class Muon(Optimizer):
    r"""Momentum, made orthogonal: of $M = U \Sigma V^\top$ only $U V^\top$ is used, or nearly.

    In words: Keep a running mean of each matrix's gradient. Before the step, turn it into the
    nearest orthogonal matrix, or almost, so that strong and weak directions move about equally far.
    What is no matrix is left to AdamW.

    With momentum $\mu$ and weight decay $\lambda$, for a matrix of $m$ inputs and $n$ outputs

    $$M_t = \mu M_{t-1} + (1 - \mu)\, g_t, \qquad
      O_t = \mathrm{NS}\bigl(\mu M_t + (1 - \mu)\, g_t\bigr), \qquad
      \theta_{t+1} = (1 - \eta_t \lambda)\, \theta_t - \eta_t \sqrt{\max(1, n/m)}\; O_t$$

    NS divides by the Frobenius norm and repeats
    $X \leftarrow 3.4445\, X - 4.775\, X X^\top X + 2.0315\, (X X^\top)^2 X$ a few times, after
    which singular values lie near 1 (between 0.7 and 1.2), those far below the largest less so. As
    in PyTorch, momentum looks ahead (Nesterov's form); its matrices are outputs by inputs, here
    inputs by outputs. Kernels of convolutions are matrices with all inputs of a filter in a row.
    What is no matrix is left to AdamW, as in the reference implementation, with a rate of its own.
    Parameters without any matrix, such as a bare point, are taken for a matrix of one row: there
    the step is the momentum scaled to length 0.7 to 1.2 times the learning rate.
    Cost per step: one gradient and 3 products of matrices for each repetition. Memory: three copies
    of params.

    Variants:
        momentum that looks ahead (`nesterov=true`): Jordan et al. 2024, PyTorch, optax
        plain momentum (`nesterov=false`): an option in PyTorch and optax

    Reference: Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/
    """

    name: ClassVar[str] = "muon"
    label: ClassVar[str] = "Muon"
    kind: ClassVar[str] = "matrix"
    parents: ClassVar[tuple[str, ...]] = ("momentum",)
    adds: ClassVar[str] = "updates with all singular values near one"
    elementwise: ClassVar[bool] = False
    needs_matrices: ClassVar[bool] = True

    learning_rate: float = knobs.learning_rate(
        1e-3, help="About how far each direction of a matrix moves in one step."
    )
    momentum: float = knobs.decay(0.95, typical=(0, 0.99), help="Memory of the mean gradient.")
    weight_decay: float = knobs.weight_decay(0.1)
    adamw_learning_rate: float = knobs.learning_rate(
        3e-4,
        typical=(1e-5, 1e-1),
        help="The learning rate of AdamW, which moves all that is no matrix.",
    )
    ns_steps: int = knob(
        5,
        domain=(1, 20),
        closed="both",
        typical=(1, 10),
        integer=True,
        static=True,
        help="How many times the matrix is brought nearer to an orthogonal one.",
    )
    nesterov: bool = switch(True, help="Whether the momentum looks one step ahead.")

    def init(self, params: Params) -> MuonState:
        return MuonState(jax.tree.map(jnp.zeros_like, params), self._adamw().init(params))

    def update(self, ctx: StepContext, state: MuonState) -> tuple[Params, MuonState]:
        trace = running_mean(self.momentum, state.trace, ctx.grads)
        ahead = running_mean(self.momentum, trace, ctx.grads) if self.nesterov else trace
        others, rest = self._adamw().update(ctx, state.rest)
        some = any(leaf.ndim > 1 for leaf in jax.tree.leaves(ctx.params))

        def leaf(param: jax.Array, mean: jax.Array, other: jax.Array) -> jax.Array:
            if param.ndim < 2 and some:
                return other
            matrix = mean.reshape(-1, mean.shape[-1])
            scale = math.sqrt(max(1, matrix.shape[1] / matrix.shape[0])) if param.ndim > 1 else 1
            step = scale * orthogonal(matrix, int(self.ns_steps)).reshape(param.shape)
            return -self.learning_rate * (step + self.weight_decay * param)

        return jax.tree.map(leaf, ctx.params, ahead, others), MuonState(trace, rest)

    def _adamw(self) -> AdamW:
        """The rule for all that is no matrix, at the settings of the reference implementation."""
        rate = self.adamw_learning_rate
        return AdamW(learning_rate=rate, b1=0.9, b2=0.95, eps=1e-10, weight_decay=0.0)

    def note_on(self, problem: Problem) -> str | None:
        if problem.has_matrices:
            return None
        return (
            f"{self.label} works on matrices. {problem.label} has none: each step is the momentum, "
            "scaled to about the length of the learning rate."
        )


def orthogonal(matrix: jax.Array, num_steps: int) -> jax.Array:
    """Newton-Schulz: nearly U Vᵀ of U Σ Vᵀ; (m, n) -> (m, n)."""
    wide = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    norm = jnp.sqrt(jnp.sum(wide**2))
    wide = wide / jnp.maximum(norm, EPS)
    for _ in range(num_steps):
        gram = wide @ wide.T
        wide = A * wide + (B * gram + C * gram @ gram) @ wide
    return wide.T if matrix.shape[0] > matrix.shape[1] else wide
