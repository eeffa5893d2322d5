"""Drops when the loss no longer falls: the one schedule that looks at the run."""

from math import inf
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from optviz.catalog import entry, knob, switch
from optviz.schedules.base import Schedule


class PlateauState(NamedTuple):
    best: jax.Array  # () lowest loss so far
    waited: jax.Array  # () epochs since it was lowered
    resting: jax.Array  # () epochs that are still not counted after a drop
    factor: jax.Array  # ()


@entry
class ReduceOnPlateau(Schedule):
    r"""Multiplied by a factor whenever the loss has not become better for a while.

    After each epoch, with the loss $L$ and the best loss $L^*$ so far: better means
    $L < L^* - \theta |L^*|$ (`relative`) or $L < L^* - \theta$ (`absolute`). After more than
    `patience` epochs without it, $\eta \leftarrow \max(\gamma\, \eta,\ f \eta_0)$, and `cooldown`
    epochs are not counted. On a surface the loss is that of the point, without noise, and every
    step is an epoch unless the race says otherwise; on a network it is the validation loss.

    PyTorch and optax write $(1 - \theta) L^*$, which is the same above 0. Below it that is more
    than $L^*$: a loss that rests or becomes worse would count as better, and nothing ever drop.

    Reference: as torch.optim.lr_scheduler.ReduceLROnPlateau with eps = 0 and losses above 0,
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html
    """

    name: ClassVar[str] = "reduce_on_plateau"
    label: ClassVar[str] = "Reduce on plateau"
    sees_loss: ClassVar[bool] = True

    factor: float = knob(
        0.1,
        domain=(0, 1),
        typical=(0.05, 0.95),
        help="What the value is multiplied by at each drop.",
    )
    patience: int = knob(
        10,
        domain=(0, inf),
        typical=(0, 50),
        integer=True,
        help="Epochs without a better loss that are still tolerated.",
    )
    threshold: float = knob(
        1e-4,
        domain=(0, inf),
        typical=(1e-6, 0.1),
        log=True,
        help="By how much a loss must be lower than the best one to count as better.",
    )
    cooldown: int = knob(
        0,
        domain=(0, inf),
        typical=(0, 50),
        integer=True,
        help="Epochs after a drop during which nothing is counted.",
    )
    floor: float = knob(
        0.0,
        domain=(0, 1),
        closed="both",
        typical=(0, 1),
        help="Share of the base value that it never falls below.",
    )
    mode: str = switch(
        "relative",
        options=("relative", "absolute"),
        help="Whether the threshold is a share of the best loss or a difference from it.",
    )

    def __call__(
        self, step: jax.Array, num_steps: jax.Array, steps_per_epoch: jax.Array
    ) -> jax.Array:
        return jnp.ones_like(step)  # all that is known before the run

    def init(self) -> PlateauState:
        dtype = jnp.result_type(self.factor)
        zero, one = jnp.zeros((), dtype), jnp.ones((), dtype)
        return PlateauState(best=one * inf, waited=zero, resting=zero, factor=one)

    def observe(self, state: PlateauState, loss: jax.Array) -> tuple[PlateauState, jax.Array]:
        best, waited, resting, factor = state
        # There is nothing to be better than before the first loss: ∞ − θ·∞ is not a number.
        size = jnp.where(jnp.isfinite(best), jnp.abs(best), 0)
        margin = self.threshold * (size if self.mode == "relative" else 1)
        better = loss < best - margin
        waited = jnp.where(better | (resting > 0), 0, waited + 1)
        resting = jnp.maximum(resting - 1, 0)
        drops = waited > self.patience
        lower = jnp.maximum(factor * self.factor, self.floor)
        state = PlateauState(
            best=jnp.where(better, loss, best),
            waited=jnp.where(drops, 0, waited),
            resting=jnp.where(drops, self.cooldown, resting),
            factor=jnp.where(drops, jnp.minimum(lower, factor), factor),
        )
        return state, state.factor
