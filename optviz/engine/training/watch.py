"""Schedules that see the loss, told it from Python: once an epoch of a training."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import numpy as np

from optviz.engine.machine.precision import cast
from optviz.schedules import Schedule


class Watcher:
    """A schedule that sees the loss, and the factor that came of it so far."""

    def __init__(self, schedule: Schedule) -> None:
        with jax.enable_x64(False):  # networks are trained in float32, and so is this
            self._schedule = cast(schedule, "float32")
            self._state = self._schedule.init()
        self.factor = np.float32(1)

    def tell(self, loss: float | None) -> None:
        """The loss after an epoch; None: it was not finite."""
        value = np.float32(np.nan if loss is None else loss)
        with jax.enable_x64(False):
            self._state, factor = _observe(self._schedule, self._state, value)
        self.factor = np.float32(factor)


@jax.jit
def _observe(schedule: Schedule, state: object, loss: jax.Array) -> tuple[object, jax.Array]:
    return schedule.observe(state, loss)


def replay(
    schedule: Schedule, losses: Sequence[float | None], num_steps: int, steps_per_epoch: int
) -> np.ndarray:
    """(num_steps,) factors that a training's steps had, given the losses after its epochs."""
    watcher = Watcher(schedule)
    factors = np.ones(num_steps)
    for epoch, loss in enumerate(losses, start=1):
        watcher.tell(loss)
        factors[epoch * steps_per_epoch :] = watcher.factor
    return factors
