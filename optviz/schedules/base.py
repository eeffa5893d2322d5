"""What every schedule is: a factor on a knob's base value, as a function of the step."""

from __future__ import annotations

import jax

from optviz.catalog import Entry


class Schedule(Entry):
    """A shape over the run, multiplied with the base value of the knob that it schedules."""

    def __call__(
        self, step: jax.Array, num_steps: jax.Array, steps_per_epoch: jax.Array
    ) -> jax.Array:
        """The factor at a step.

        Args:
            step: () floating, counts from 0.
            num_steps: () floating, length of the run; a step may lie past it.
            steps_per_epoch: () floating; 1 on a surface, where every step sees the whole loss.

        Returns:
            () floating, finite.
        """
        raise NotImplementedError
