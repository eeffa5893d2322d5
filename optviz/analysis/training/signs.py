"""Bad signs of a training, named as they appear."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from optviz.analysis.training import losses, steps
from optviz.analysis.training.view import Finding, Severity, View
from optviz.engine.training.events import TrainResult
from optviz.specs.text import counted

# What is looked for, the gravest first. Each check reads what one run has told so far.
CHECKS: Mapping[str, Callable[[View], Finding | None]] = {
    "diverged": losses.diverged,
    "not_falling": losses.not_falling,
    "dead_units": steps.dead_units,
    "exploding_gradient": steps.exploding_gradient,
    "vanishing_gradient": steps.vanishing_gradient,
    "update_ratio": steps.update_ratio,
    "initial_loss": losses.initial_loss,
    "overfitting": losses.overfitting,
    "validation_better": losses.validation_better,
    "slow_step": steps.slow_step,
    "waiting_for_data": steps.waiting_for_data,
}


OF_THE_DIVERGED = ("diverged", "initial_loss")


class Sign(NamedTuple):
    """One bad sign, and the runs that show it."""

    kind: str  # a key of CHECKS
    runs: tuple[str, ...]  # labels
    since_step: int  # the earliest among the runs
    text: str  # a sentence with the numbers of the run that shows it most
    advice: str  # a sentence: what one would try
    severity: Severity


def signs(result: TrainResult) -> list[Sign]:
    """The bad signs of a training as far as it has come, at most one of each kind."""
    views = [View(result, index) for index in range(len(result.runs))]
    found = []
    for kind, check in CHECKS.items():
        seen = [
            (view.label, finding)
            for view in views
            # What weights do that are no numbers any more is a sign of nothing else.
            if (kind in OF_THE_DIVERGED or view.run.outcome != "diverged")
            and (finding := check(view))
        ]
        if seen:
            found.append(_sign(kind, seen))
    return found


def _sign(kind: str, seen: list[tuple[str, Finding]]) -> Sign:
    label, worst = max(seen, key=lambda pair: (pair[1].severity == "error", pair[1].extent))
    others = len(seen) - 1
    more = f" ({counted(others, 'other run')} likewise)" if others else ""
    return Sign(
        kind=kind,
        runs=tuple(name for name, _ in seen),
        since_step=min(finding.step for _, finding in seen),
        text=f"{label}: {worst.text}{more}.",
        advice=worst.advice,
        severity=worst.severity,
    )
