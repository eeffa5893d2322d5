"""A race as it was recorded: what figures, players, tables and files are made from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from optviz.analysis.race.convergence import Ends, ends
from optviz.engine.factors import Job, factors_of
from optviz.engine.surfaces.descend import Descents, descend
from optviz.engine.surfaces.ground import ground
from optviz.specs import Budget, RaceSpec
from optviz.specs.budget import RACE
from optviz.specs.text import counted
from optviz.surfaces import Surface


@dataclass(frozen=True, eq=False, repr=False)
class RaceRecord:
    """What became of a race: paths and losses of every optimizer, the start first.

    With an array of starts every array of one row per optimizer has a second axis `num_starts`.

    What became of the runs is worked out when it is first asked for.

    Attributes:
        spec: what was asked.
        labels: one name an optimizer, all different.
        descents: what was recorded.
        learning_rates: (num_optimizers, num_steps); NaN for a rule that has none.
    """

    spec: RaceSpec
    labels: tuple[str, ...]
    descents: Descents
    learning_rates: np.ndarray

    @property
    def params(self) -> np.ndarray:
        """(num_optimizers, num_steps + 1, 2) the answers."""
        return self.descents.params

    @property
    def losses(self) -> np.ndarray:
        """(num_optimizers, num_steps + 1) without noise."""
        return self.descents.losses

    @property
    def grad_norms(self) -> np.ndarray:
        """(num_optimizers, num_steps + 1) without noise."""
        return self.descents.grad_norms

    @property
    def evaluations(self) -> np.ndarray:
        """(num_optimizers, num_steps + 1) gradient evaluations so far."""
        return self.descents.evaluations

    @property
    def outcomes(self) -> np.ndarray:
        """(num_optimizers,) "converged", "left", "running", "stationary", "escaped" or "diverged".

        See `convergence.ends`.
        """
        return self._ends.outcomes

    @property
    def diverged_at(self) -> np.ndarray:
        """(num_optimizers,) first index whose state is not finite or too large, or -1.

        Too large is beyond 1e12 times that of the start (at least 1e12).
        """
        return self.descents.diverged_at

    @property
    def steps_to_tolerance(self) -> np.ndarray:
        """(num_optimizers,) index of the first arrival of a run that converged or left, else -1."""
        return self._ends.steps_to_tolerance

    @cached_property
    def _ends(self) -> Ends:
        heights = ground(self.spec.surface, self.spec.dtype)
        return ends(self.descents, heights, self.spec.tolerance)

    @property
    def surface(self) -> Surface:
        return self.spec.surface

    @property
    def keys(self) -> tuple[str, ...]:
        """Name of each run's rule, which decides its colour."""
        return tuple(getattr(r.optimizer, "name", r.optimizer.label) for r in self.spec.runs)

    @property
    def start(self) -> np.ndarray:
        """(2,), or (num_starts, 2)."""
        return self.params[0, ..., 0, :]

    @property
    def num_steps(self) -> int:
        return self.spec.num_steps

    @cached_property
    def id(self) -> str:
        """A short name of exactly these numbers."""
        digest = hashlib.blake2b(self.params.tobytes(), digest_size=8)
        digest.update(repr((self.spec, self.labels)).encode())
        return digest.hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Plain data: spec, labels, params, losses, learning rates, outcomes, steps.

        What is not finite is None, for JSON has no such numbers.
        """
        return {
            "spec": self.spec.to_json(),
            "labels": list(self.labels),
            "params": _plain(self.params),
            "losses": _plain(self.losses),
            "learning_rates": _plain(self.learning_rates),
            "outcomes": self.outcomes.tolist(),
            "steps_to_tolerance": self.steps_to_tolerance.tolist(),
        }

    def __repr__(self) -> str:
        ends = ", ".join(map("{} {}".format, self.labels, self.outcomes.tolist()))
        steps = counted(self.num_steps, "step")
        return f"<{type(self).__name__} on {self.surface.label}, {steps}: {ends}>"


def record_race(spec: RaceSpec, budget: Budget = RACE) -> RaceRecord:
    """Run the race that `spec` asks for.

    Raises:
        ValueError: the spec is not valid, or the surface is not finite at a start.
    """
    spec.check(budget)
    runs = spec.resolved()
    start = np.asarray(spec.starts, np.float64)
    start = start if spec.has_many_starts else start[0]
    descents = descend(
        [Job(run.optimizer, dict(run.schedules)) for run in runs],
        spec.surface,
        start,
        num_steps=spec.num_steps,
        noise=spec.noise,
        seed=spec.seed,
        dtype=spec.dtype,
        steps_per_epoch=spec.steps_per_epoch,
    )
    _check_start(spec, start, descents.losses[0, ..., 0])
    return RaceRecord(spec, spec.labels, descents, _learning_rates(spec, descents.observed))


def _check_start(spec: RaceSpec, start: np.ndarray, losses: np.ndarray) -> None:
    if not np.isfinite(losses).any():
        point = tuple(np.atleast_2d(start)[0].tolist())
        raise ValueError(
            f"{_describe(spec.surface)} is not finite at the start {point}: choose another start"
        )


def _describe(surface: Surface) -> str:
    text = getattr(surface, "text", None)
    return f"expression {text!r}" if text else surface.label


def _learning_rates(spec: RaceSpec, observed: Sequence[np.ndarray | None]) -> np.ndarray:
    """What each step was taken with: base value × schedule × what came of looking at the loss."""
    runs = spec.resolved()
    base = [getattr(run.optimizer, "learning_rate", np.nan) for run in runs]
    starts = (len(spec.starts),) if spec.has_many_starts else ()
    rates = np.empty((len(runs), *starts, spec.num_steps))
    rates[:] = np.reshape(base, (-1, *(1 for _ in starts), 1))
    for row, run, factors in zip(rates, runs, observed, strict=True):
        if run.schedules and (schedule := run.schedule_of("learning_rate")) is not None:
            row *= factors_of(schedule, spec.num_steps, spec.steps_per_epoch, spec.dtype)
        if factors is not None:
            row *= factors
    return rates


def _plain(array: np.ndarray) -> list[Any]:
    """Nested lists with None in place of what is not finite, which JSON does not have."""
    finite = np.isfinite(array)
    if not finite.all():
        array = array.astype(object)
        array[~finite] = None
    return array.tolist()
