"""A race as data frames."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optviz.analysis.race.convergence import told, told_all
from optviz.analysis.race.record import RaceRecord


def summary_frame(race: RaceRecord) -> pd.DataFrame:
    """One row an optimizer (and start).

    Returns:
        Columns optimizer, (start,) learning rate, whose rate (a word of `specs.rates.origin`),
        final loss, steps to tolerance (missing unless it converged or left), gradient evaluations,
        outcome (a word of `convergence.OUTCOMES`; of one that diverged also the step).
    """
    losses, evaluations = race.losses[..., -1], race.evaluations[..., -1]
    rates = race.learning_rates.max(axis=-1)  # a warm-up starts at zero
    index = np.indices(losses.shape)
    columns: dict[str, object] = {"optimizer": np.asarray(race.labels)[index[0].ravel()]}
    if losses.ndim == 2:
        columns["start"] = index[1].ravel()
    steps = pd.array(race.steps_to_tolerance.ravel(), dtype="Int64")
    steps[race.steps_to_tolerance.ravel() < 0] = pd.NA
    columns |= {
        "learning rate": rates.ravel(),
        "whose rate": np.asarray(race.spec.rate_origins)[index[0].ravel()],
        "final loss": losses.ravel(),
        "steps to tolerance": steps,
        "gradient evaluations": evaluations.ravel().astype(int),
        "outcome": _outcomes(race),
    }
    return pd.DataFrame(columns)


def overview_frame(race: RaceRecord) -> pd.DataFrame:
    """One row an optimizer, in words for people: with several starts, medians and counts.

    Returns:
        Columns optimizer, learning rate (and whose it is), final loss, steps to tolerance, gradient
        evaluations, outcome; all but the loss as text.
    """
    rows = len(race.labels)
    outcomes = race.outcomes.reshape(rows, -1)
    steps = np.where(race.steps_to_tolerance < 0, np.inf, race.steps_to_tolerance)
    steps = np.median(steps.reshape(rows, -1), axis=1)
    evaluations = np.median(race.evaluations[..., -1].reshape(rows, -1), axis=1)
    rates = race.learning_rates.max(axis=-1).reshape(rows, -1)[:, 0]
    if outcomes.shape[1] == 1:
        ends = (race.outcomes, race.steps_to_tolerance, race.diverged_at)
        words = [told(*end) for end in zip(*map(np.ravel, ends), strict=True)]
    else:
        words = list(map(told_all, outcomes))
    return pd.DataFrame(
        {
            "optimizer": race.labels,
            "learning rate": [
                "–" if np.isnan(rate) else f"{rate:.3g} {whose}"
                for rate, whose in zip(rates, race.spec.rate_origins, strict=True)
            ],
            "final loss": np.median(race.losses[..., -1].reshape(rows, -1), axis=1),
            "steps to tolerance": [f"{s:.0f}" if np.isfinite(s) else "–" for s in steps],
            "gradient evaluations": [f"{e:.0f}" for e in evaluations],
            "outcome": words,
        }
    )


def _outcomes(race: RaceRecord) -> list[str]:
    """Each outcome's one word; a divergence says when."""
    return [
        f"diverged at step {step}" if outcome == "diverged" else str(outcome)
        for outcome, step in zip(race.outcomes.ravel(), race.diverged_at.ravel(), strict=True)
    ]


def steps_frame(race: RaceRecord) -> pd.DataFrame:
    """One row per (label, start, step): x, y, loss, gradient norm, learning rate, evaluations.

    The learning rate stands beside the state that it is about to change; the last state has none.
    Each row ends with the outcome of its run.
    """
    shape = (
        race.losses.shape if race.losses.ndim == 3 else (len(race.labels), 1, race.num_steps + 1)
    )
    label, start, step = (axis.ravel() for axis in np.indices(shape))
    rates = np.full(shape, np.nan)
    rates[..., :-1] = race.learning_rates.reshape(*shape[:-1], race.num_steps)
    return pd.DataFrame(
        {
            "label": np.asarray(race.labels)[label],
            "start": start,
            "step": step,
            "x": race.params[..., 0].ravel(),
            "y": race.params[..., 1].ravel(),
            "loss": race.losses.ravel(),
            "grad_norm": race.grad_norms.ravel(),
            "learning_rate": rates.ravel(),
            "evaluations": race.evaluations.ravel().astype(int),
            "outcome": race.outcomes.reshape(shape[:-1])[label, start],
        }
    )
