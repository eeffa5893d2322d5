"""Random search: try a step at random, keep it if it goes down."""

from math import inf
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from optviz.catalog import entry, knob, switch
from optviz.optimizers.base import Optimizer, Params, StepContext


class RandomSearchState(NamedTuple):
    radius: jax.Array  # () share of the radius asked for
    evaluations: jax.Array  # () int32


@entry
class RandomSearch(Optimizer):
    r"""The baseline that any gradient should beat: a random step, taken if it lowers the loss.

    In words: Draw a step at random. If the loss is lower there, go; if not, stay. A success makes
    the next draws longer, up to the radius asked for, and a failure makes them shorter.

    With a draw $z \sim N(0, I)$ and radius $r$

    $$\theta_{t+1} = \begin{cases}
        \theta_t + r_t z_t & \text{if } f(\theta_t + r_t z_t) < f(\theta_t) \\
        \theta_t & \text{otherwise} \end{cases}$$

    With `adapt`, Rechenberg's rule of one fifth: $r$ shrinks by $e^{-1/12}$ after a failure and
    grows by $e^{1/3}$ after a success, up to the radius asked for, so that one step in five
    succeeds. Without it $r$ is constant, as first proposed, and the search all but stops where only
    short steps still go down.
    Cost per step: the loss at two points. Memory: none.

    Variants:
        a radius that adapts, by the rule of one fifth (`adapt=true`): Rechenberg 1973
        a constant radius (`adapt=false`): Matyas 1965

    Reference: Matyas 1965, https://www.mathnet.ru/eng/at11288; the rule of one fifth: Rechenberg
    1973, as in Kern et al. 2004, https://doi.org/10.1023/B:NACO.0000023416.59689.4e
    """

    name: ClassVar[str] = "random_search"
    label: ClassVar[str] = "Random search"
    kind: ClassVar[str] = "baseline"
    parents: ClassVar[tuple[str, ...]] = ()
    adds: ClassVar[str] = "random steps, kept when they help"

    radius: float = knob(
        0.5,
        domain=(0, inf),
        closed="neither",
        typical=(1e-3, 2),
        log=True,
        help="How far each coordinate of a trial stands from the point, about and at most.",
    )
    adapt: bool = switch(
        True, help="Whether the radius grows after a success and shrinks after a failure."
    )

    def init(self, params: Params) -> RandomSearchState:
        dtype = ravel_pytree(params)[0].dtype
        return RandomSearchState(jnp.ones((), dtype), jnp.zeros((), jnp.int32))

    def update(
        self, ctx: StepContext, state: RandomSearchState
    ) -> tuple[Params, RandomSearchState]:
        point, unravel = ravel_pytree(ctx.params)
        step = self.radius * state.radius * jax.random.normal(ctx.key, point.shape, point.dtype)
        better = ctx.loss_fn(unravel(point + step)) < ctx.loss
        radius = state.radius
        if self.adapt:
            change = jnp.where(better, np.exp(1 / 3), np.exp(-1 / 12)).astype(radius.dtype)
            radius = jnp.minimum(radius * change, 1)
        spent = state.evaluations + jnp.int32(2)
        return unravel(jnp.where(better, step, 0)), RandomSearchState(radius, spent)

    def evaluations(self, state: RandomSearchState) -> jax.Array:
        return state.evaluations
