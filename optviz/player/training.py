"""A training as the player's message: curves that grow while it runs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from optviz.engine.train_events import RunResult, TrainResult
from optviz.figures.theme import styles_of
from optviz.player.pack import pack

MAX_POINTS = 1500  # of a curve; more than there are pixels tell nothing


def pack_training(
    result: TrainResult,
    *,
    keys: Sequence[str],
    learning_rates: Sequence[np.ndarray],
    live: bool,
    smoothing: int = 1,
) -> bytes:
    """The player's message for a training: losses, accuracies and learning rates by step.

    Args:
        result: everything told so far.
        keys: each run's rule, which decides its colour.
        learning_rates: (num_steps,) for each run; empty where a rule has none.
        live: whether more will come; the playhead then stays at the end.
        smoothing: the loss of a step is the mean over so many steps up to it.
    """
    per_epoch = result.started.steps_per_epoch if result.started else [1] * len(result.runs)
    done = max((len(run.losses) for run in result.runs), default=0)
    over = f", mean of {smoothing} steps" if smoothing > 1 else ""
    numbered = list(enumerate(result.runs))

    def by_epoch(name: str, style: str) -> list[dict[str, Any]]:
        return [_epochs(i, run, name, per_epoch[i], style) for i, run in numbered if run.epochs]

    panels = [
        _panel(
            f"Training loss{over}",
            "loss",
            "log",
            [_steps(i, run, smoothing) for i, run in numbered if run.losses],
        ),
        _panel("Validation loss", "loss", "log", by_epoch("val_loss", "points")),
        _panel(
            "Accuracy: validation solid, training dashed",
            "accuracy",
            "linear",
            by_epoch("val_accuracy", "points") + by_epoch("train_accuracy", "dashed"),
        ),
        _panel(
            "Learning rate",
            "learning rate",
            "log",
            [_rate(i, rates[: max(done, 1)]) for i, rates in enumerate(learning_rates)],
        ),
    ]
    header: dict[str, Any] = {
        "title": "Training",
        "num_steps": max(done, 1),
        "unit": "step",
        "live": live,
        "autoplay": False,
        "runs": [
            {
                "label": run.label,
                "color": style.color,
                "dark_color": style.dark_color,
                "dash": style.dash,
                "marker": style.marker,
                "outcome": "diverged" if run.outcome == "diverged" else None,
                "outcome_step": run.diverged_at if run.outcome == "diverged" else None,
                "visible": True,
            }
            for run, style in zip(result.runs, styles_of(keys), strict=True)
        ],
        "panels": [panel for panel in panels if panel["series"]],
    }
    digest = hashlib.blake2b(pack({"id": "", **header}), digest_size=8).hexdigest()
    return pack({"id": digest, **header})


def _panel(title: str, ylabel: str, scale: str, series: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "kind": "curves",
        "title": title,
        "ylabel": ylabel,
        "xlabel": "step",
        "scale": scale,
        "series": series,
    }


def _steps(index: int, run: RunResult, smoothing: int) -> dict[str, Any]:
    losses = np.asarray(run.losses)
    if smoothing > 1:
        total = np.cumsum(np.insert(losses, 0, 0.0))
        first = np.maximum(np.arange(len(losses)) + 1 - smoothing, 0)
        last = np.arange(len(losses)) + 1
        losses = (total[last] - total[first]) / (last - first)
    keep = np.unique(np.linspace(0, len(losses) - 1, MAX_POINTS).round().astype(int))
    x = None if len(keep) == len(losses) else keep.astype(np.float32)
    return {"run": index, "y": losses[keep], "x": x}


def _epochs(index: int, run: RunResult, name: str, per_epoch: int, style: str) -> dict[str, Any]:
    values = [getattr(epoch, name) for epoch in run.epochs]
    return {
        "run": index,
        "x": np.array([(epoch.epoch + 1) * per_epoch for epoch in run.epochs], np.float32),
        "y": np.array([np.nan if value is None else value for value in values]),
        "style": style,
    }


def _rate(index: int, rates: np.ndarray) -> dict[str, Any]:
    if len(rates) and np.all(rates == rates[0]):
        return {"run": index, "constant": float(rates[0])}
    keep = np.unique(np.linspace(0, max(len(rates) - 1, 0), MAX_POINTS).round().astype(int))
    if not len(rates):
        return {"run": index, "y": np.array([np.nan]), "x": None}
    return {"run": index, "y": rates[keep], "x": keep.astype(np.float32)}
