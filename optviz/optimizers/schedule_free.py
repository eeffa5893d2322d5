"""Schedule-Free: averaging that makes a falling learning rate unnecessary."""

from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from optviz.catalog import entry
from optviz.optimizers import knobs
from optviz.optimizers.base import Optimizer, Params, StepContext
from optviz.optimizers.means import running_mean_square


class Average(NamedTuple):
    mean: Params  # x: weighted mean of the points so far, shaped like params
    weights: jax.Array  # () sum of the weights in it
    max_rate: jax.Array  # () largest learning rate so far


class ScheduleFreeAdamWState(NamedTuple):
    average: Average
    nu: Params  # running mean of squared gradients, shaped like params


def _nearness(default: float) -> Any:
    return knobs.decay(
        default,
        typical=(0, 0.99),
        closed="both",
        help="How near to the mean, rather than to the newest point, gradients are taken.",
    )


def _start(params: Params) -> Average:
    zero = jnp.zeros((), jnp.result_type(*jax.tree.leaves(params)))
    return Average(jax.tree.map(jnp.copy, params), zero, zero)


def _between(b1: float, params: Params, mean: Params) -> Params:
    return jax.tree.map(lambda z, x: (1 - b1) * z + b1 * x, params, mean)


def _take_in(average: Average, rate: float, params: Params, updates: Params) -> Average:
    """The mean with the next point in it."""
    max_rate = jnp.maximum(average.max_rate, rate)
    weights = average.weights + max_rate**2
    share = jnp.where(weights > 0, max_rate**2 / jnp.where(weights > 0, weights, 1), 0)
    mean = jax.tree.map(
        lambda x, z, u: (1 - share) * x + share * (z + u), average.mean, params, updates
    )
    return Average(mean, weights, max_rate)


@entry
class ScheduleFreeSGD(Optimizer):
    r"""Gradient descent with its gradients taken between the point and the mean of the path.

    In words: Take the gradient between the newest point and the mean of the path, close to the
    mean. Move the newest point by it and let the point into the mean, which is the answer.

    $$y_t = (1-\beta) z_t + \beta x_t, \qquad z_{t+1} = z_t - \eta_t \nabla f(y_t), \qquad
      x_{t+1} = (1-c_{t+1})\, x_t + c_{t+1} z_{t+1}$$

    with $c_{t+1} = \eta_t^2 / \sum_{i \le t} \eta_i^2$, at a constant rate $1/(t+1)$; as in the
    authors' code and optax each weight uses the largest rate so far. The parameters are $z$;
    gradients are taken at $y$; drawn and evaluated is $x$. Libraries store $y$ and compute $x$ from
    it, which needs $\beta > 0$.
    Cost per step: one gradient. Memory: one copy of params.

    Reference: Defazio et al. 2024, https://arxiv.org/abs/2405.15682
    """

    name: ClassVar[str] = "schedule_free_sgd"
    label: ClassVar[str] = "Schedule-Free SGD"
    kind: ClassVar[str] = "averaging"
    parents: ClassVar[tuple[str, ...]] = ("averaged_sgd", "nesterov")
    adds: ClassVar[str] = "averaging in place of a schedule"

    learning_rate: float = knobs.learning_rate(
        1.0, typical=(1e-5, 10), help="How far to go along the negative gradient."
    )
    b1: float = _nearness(0.9)

    def init(self, params: Params) -> Average:
        return _start(params)

    def query(self, params: Params, state: Average) -> Params:
        return _between(self.b1, params, state.mean)

    def answer(self, params: Params, state: Average) -> Params:
        return state.mean

    def update(self, ctx: StepContext, state: Average) -> tuple[Params, Average]:
        updates = jax.tree.map(lambda g: -self.learning_rate * g, ctx.grads)
        return updates, _take_in(state, self.learning_rate, ctx.params, updates)


@entry
class ScheduleFreeAdamW(Optimizer):
    r"""AdamW with its momentum replaced by averaging, which needs no falling rate.

    In words: Take the gradient between the newest point and the mean of the path, and divide it by
    the root of its running mean square. Move the newest point by that, with a pull towards zero,
    and let the point into the mean, which is the answer.

    $$y_t = (1-b_1) z_t + b_1 x_t, \qquad v_t = b_2 v_{t-1} + (1-b_2)\, g_t^2, \qquad
      g_t = \nabla f(y_t)$$
    $$z_{t+1} = z_t - \eta_t \Big( \frac{g_t}{\sqrt{v_t/(1-b_2^t)} + \epsilon} + \lambda y_t \Big),
      \qquad x_{t+1} = (1-c_{t+1})\, x_t + c_{t+1} z_{t+1}$$

    with $c_{t+1} = \eta_t^2 / \sum_{i \le t} \eta_i^2$, each weight with the largest rate so far.
    The parameters are $z$; gradients are taken at $y$; drawn and evaluated is $x$. The paper's own
    warm-up is left to a schedule.
    Cost per step: one gradient. Memory: two copies of params.

    Reference: Defazio et al. 2024, Algorithm 1, https://arxiv.org/abs/2405.15682
    """

    name: ClassVar[str] = "schedule_free_adamw"
    label: ClassVar[str] = "Schedule-Free AdamW"
    kind: ClassVar[str] = "averaging"
    parents: ClassVar[tuple[str, ...]] = ("schedule_free_sgd", "adamw")
    adds: ClassVar[str] = "the same for AdamW"

    learning_rate: float = knobs.learning_rate(2.5e-3)
    b1: float = _nearness(0.9)
    b2: float = knobs.b2(0.999)
    eps: float = knobs.eps(
        1e-8, help="Floor of the denominator; larger makes the rule more like SGD."
    )
    weight_decay: float = knobs.weight_decay(0.0)

    def init(self, params: Params) -> ScheduleFreeAdamWState:
        return ScheduleFreeAdamWState(_start(params), jax.tree.map(jnp.zeros_like, params))

    def query(self, params: Params, state: ScheduleFreeAdamWState) -> Params:
        return _between(self.b1, params, state.average.mean)

    def answer(self, params: Params, state: ScheduleFreeAdamWState) -> Params:
        return state.average.mean

    def update(
        self, ctx: StepContext, state: ScheduleFreeAdamWState
    ) -> tuple[Params, ScheduleFreeAdamWState]:
        nu = running_mean_square(self.b2, state.nu, ctx.grads)

        def leaf(g: jax.Array, v: jax.Array, y: jax.Array) -> jax.Array:
            direction = g / (jnp.sqrt(v / (1 - self.b2**ctx.t)) + self.eps)
            return -self.learning_rate * (direction + self.weight_decay * y)

        updates = jax.tree.map(leaf, ctx.grads, nu, self.query(ctx.params, state))
        average = _take_in(state.average, self.learning_rate, ctx.params, updates)
        return updates, ScheduleFreeAdamWState(average, nu)
