"""A training as the player's message: curves that grow while it runs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from optviz.engine.train_events import RunResult, TrainResult
from optviz.figures.theme import styles_of
from optviz.player import training_curves as curves
from optviz.player.pack import pack

CHOSEN = 4  # panels that are shown to those who have not chosen
_CLOCK_POINTS = 200  # of a run; between two of them time passes evenly
_NO_ID = "0" * 16


def pack_training(
    result: TrainResult,
    *,
    keys: Sequence[str],
    learning_rates: Sequence[np.ndarray],
    live: bool,
    smoothing: int = 1,
) -> bytes:
    """The player's message for a training; always the whole of it.

    Members that differ in their seed only are one run of the message, drawn as their median and
    the band from least to greatest, which the browser takes.

    Args:
        result: everything told so far.
        keys: each member's rule, which decides its colour.
        learning_rates: (num_steps,) for each member; empty where a rule has none.
        live: whether more will come; the playhead then stays at the end.
        smoothing: the loss of a step is the mean over so many steps up to it; so is its gradient.
    """
    members = result.spec.members()
    first_of: dict[tuple[str, int], int] = {}
    for index, member in enumerate(members):
        first_of.setdefault(member.group, index)
    place = {group: number for number, group in enumerate(first_of)}
    groups: list[list[int]] = [[] for _ in place]
    for index, member in enumerate(members):
        groups[place[member.group]].append(index)

    done = max((len(run.losses) for run in result.runs), default=0)
    header: dict[str, Any] = {
        "title": "Training",
        "num_steps": max(done, 1),
        "unit": "step",
        "live": live,
        "autoplay": False,
        "axes": ["step", "epoch", "sample", "second"] if result.started else ["step"],
        "members": _members(result),
        "runs": [
            {
                "label": members[group[0]].series,
                "seeds": len(group),
                "members": group,
                "color": style.color,
                "dark_color": style.dark_color,
                "dash": style.dash,
                "marker": style.marker,
                "visible": True,
                **_ended([result.runs[index] for index in group]),
            }
            for group, style in zip(
                groups, styles_of([keys[group[0]] for group in groups]), strict=True
            )
        ],
        "panels": _panels(result, groups, learning_rates, smoothing, done),
    }
    payload = pack({"id": _NO_ID, **header})
    digest = hashlib.blake2b(payload, digest_size=len(_NO_ID) // 2).hexdigest()
    return payload.replace(_NO_ID.encode(), digest.encode(), 1)


def _members(result: TrainResult) -> list[dict[str, Any]]:
    """What the axes need to know of each member."""
    started = result.started
    found = []
    for index, run in enumerate(result.runs):
        entry: dict[str, Any] = {"label": run.label, "num_steps": len(run.losses)}
        if started:
            per_epoch = started.steps_per_epoch[index]
            entry["steps_per_epoch"] = per_epoch
            entry["samples_per_step"] = started.num_train[index] / per_epoch
            clocks = np.array([(0, 0.0), *run.clocks])
            keep = curves.evenly(len(clocks), _CLOCK_POINTS)
            entry["clock"] = {"steps": clocks[keep, 0], "seconds": clocks[keep, 1]}
        found.append(entry)
    return found


def _ended(runs: Sequence[RunResult]) -> dict[str, Any]:
    """The outcome of a run's seeds: the first that diverged decides."""
    diverged = [run.diverged_at for run in runs if run.outcome == "diverged"]
    if not diverged:
        return {"outcome": None, "outcome_step": None}
    badge = f"{len(diverged)}/{len(runs)}" if len(runs) > 1 else None
    return {"outcome": "diverged", "outcome_step": min(diverged), "badge": badge}


def _panels(
    result: TrainResult,
    groups: Sequence[Sequence[int]],
    learning_rates: Sequence[np.ndarray],
    smoothing: int,
    done: int,
) -> list[dict[str, Any]]:
    """All panels that a training of this kind has; the browser shows those that are chosen."""
    started = result.started
    per_epoch = started.steps_per_epoch if started else [1] * len(result.runs)
    stride = curves.stride_of(done)
    numbered = [
        (number, index, result.runs[index]) for number, group in enumerate(groups) for index in group
    ]
    several_arms = len({member.arm for member in result.spec.members()}) > 1
    # a dash tells the arm where there are arms, so that it cannot tell training from validation
    training = "thin" if several_arms else "dashed"
    over = f", mean of {smoothing} steps" if smoothing > 1 else ""

    def by_step(name: str) -> list[dict[str, Any]]:
        return [
            {"run": run, "member": i, **curves.smoothed(getattr(told, name), smoothing, stride)}
            for run, i, told in numbered
            if told.losses
        ]

    def by_epoch(name: str, style: str, told_as: str | None = None) -> list[dict[str, Any]]:
        return [
            {"run": run, "member": i, "style": style, **curves.epochs(told, name, per_epoch[i])}
            for run, i, told in numbered
            if told.epochs
        ]

    def by_layer(names: str, values: str) -> list[dict[str, Any]]:
        return [
            {"run": run, "member": i, **curves.layers(told, names, values)}
            for run, i, told in numbered
            if told.layers and getattr(told.layers[0], names)
        ]

    rates = curves.rates(groups, result, learning_rates, stride) if learning_rates else []
    panels = [
        _panel("train_loss", f"Training loss{over}", "loss", "log", by_step("losses")),
        _panel("val_loss", "Validation loss", "loss", "log", by_epoch("val_loss", "points")),
        _panel(
            "accuracy",
            f"Accuracy: validation {'marked' if several_arms else 'solid'}, training {training}",
            "accuracy",
            "linear",
            by_epoch("val_accuracy", "points") + by_epoch("train_accuracy", training, "training"),
        ),
        _panel("learning_rate", "Learning rate", "learning rate", "log", rates),
        _panel("grad_norm", f"Gradient norm{over}", "norm", "log", by_step("grad_norms")),
        _panel(
            "update_ratio",
            "Update to weight",
            "‖Δw‖ / ‖w‖",
            "log",
            by_layer("names", "update_ratios"),
        ),
        _panel("dead", "Dead ReLUs", "share of units", "linear", by_layer("dead_names", "dead")),
    ]
    waits = {
        "val_loss": "after the first epoch",
        "accuracy": "after the first epoch",
        "update_ratio": "after the first steps",
    }
    kept = [panel for panel in panels if panel["series"] or panel["key"] in waits]
    moving = any("y" in series for series in rates)
    first = ["train_loss", "val_loss", "accuracy", "learning_rate", "grad_norm"]
    if not moving:  # constant rates are told by the labels; gradients tell more
        first.remove("learning_rate")
    for panel in kept:
        panel["chosen"] = panel["key"] in first[:CHOSEN]
        panel["empty"] = waits.get(panel["key"], "")
        panel["layers"] = panel["key"] in ("update_ratio", "dead")
    return kept


def _panel(
    key: str, title: str, ylabel: str, scale: str, series: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "kind": "curves",
        "key": key,
        "title": title,
        "ylabel": ylabel,
        "xlabel": "step",
        "scale": scale,
        "series": series,
    }
