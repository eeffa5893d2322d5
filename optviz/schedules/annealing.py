"""α/(ε + t): the form of simulated annealing."""

from math import inf
from typing import ClassVar

import jax

from optviz.catalog import entry, knob
from optviz.schedules.base import Schedule


@entry
class Annealing(Schedule):
    r"""Decay with the absolute step, and with a base value that is not the first value.

    $$\eta_t = \frac{\eta_0}{\epsilon + t}, \qquad \eta_{t=0} = \eta_0 / \epsilon$$

    Reference: Darken, Chang & Moody 1992, search-then-converge schedules,
    https://doi.org/10.1109/NNSP.1992.253713
    """

    name: ClassVar[str] = "annealing"
    label: ClassVar[str] = "Annealing"

    epsilon: float = knob(
        1.0,
        domain=(0, inf),
        closed="neither",
        typical=(0.1, 1000),
        log=True,
        help="Delay of the decay, in steps; the first value is the base value divided by it.",
    )

    def __call__(
        self, step: jax.Array, num_steps: jax.Array, steps_per_epoch: jax.Array
    ) -> jax.Array:
        return 1 / (self.epsilon + step)
