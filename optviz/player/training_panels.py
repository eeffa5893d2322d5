"""The panels of a training: what can be seen of it, step by step and epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from optviz.engine.training.events import TrainResult
from optviz.player import training_curves as curves
from optviz.player.grown import array_of

PERCENT = 0.01  # on screen every share is one; files keep shares


def panels(
    result: TrainResult,
    groups: Sequence[Sequence[int]],
    learning_rates: Sequence[np.ndarray],
    smoothing: int,
    dashes: bool,
) -> list[dict[str, Any]]:
    """All panels that a training of this kind has; the browser shows those that are chosen.

    Args:
        result: everything told so far.
        groups: of each run of the message the members, which differ in their seed only.
        learning_rates: (num_steps,) for each member; empty where a rule has none.
        smoothing: losses and gradients are means over so many steps.
        dashes: whether a dash tells a run from others, so that it cannot tell training from
            validation.
    """
    started = result.started
    per_epoch = started.steps_per_epoch if started else [1] * len(result.runs)
    stride = curves.stride_of(max((len(run.losses) for run in result.runs), default=0))
    numbered = [
        (number, index, result.runs[index])
        for number, group in enumerate(groups)
        for index in group
    ]
    training = "thin" if dashes else "dashed"
    over = f"mean of {smoothing} steps" if smoothing > 1 else ""

    def by_step(name: str) -> list[dict[str, Any]]:
        return [
            {"run": run, "member": i, **curves.smoothed(array_of(told, name), smoothing, stride)}
            for run, i, told in numbered
            if told.losses
        ]

    def by_epoch(
        name: str, style: str, told_as: str | None = None, unit: float = 1
    ) -> list[dict[str, Any]]:
        found = []
        for run, i, told in numbered:
            if told.begun or told.epochs:
                curve = curves.epochs(told, name, per_epoch[i])
                curve["y"] = curve["y"] / unit
                found.append({"run": run, "member": i, "style": style, "name": told_as, **curve})
        return found

    def by_layer(names: str, values: str) -> list[dict[str, Any]]:
        return [
            {"run": run, "member": i, **curves.layers(told, values)}
            for run, i, told in numbered
            if told.layers and getattr(told.layers[0], names)
        ]

    def names_of(names: str) -> list[list[str] | None]:
        told = [
            next((result.runs[i].layers for i in group if result.runs[i].layers), None)
            for group in groups
        ]
        return [getattr(looks[0], names) if looks else None for looks in told]

    rates = curves.rates(groups, result, learning_rates, stride) if learning_rates else []
    moving = any("y" in series for series in rates)
    # an older optviz told means over an epoch's batches only
    tested = any(
        run.begun or any(e.train_loss is not None for e in run.epochs) for run in result.runs
    )
    other, told_as = ("train", "training") if tested else ("mean", "training, mean of the epoch")

    def both_by_epoch(name: str, unit: float = 1) -> list[dict[str, Any]]:
        validation = by_epoch(f"val_{name}", "points", unit=unit)
        return validation + by_epoch(f"{other}_{name}", training, told_as, unit)

    both = f"validation {'marked' if dashes else 'solid'}, training {training}"
    ratios, dead = by_layer("names", "update_ratios"), by_layer("dead_names", "dead")
    dead = [{**series, "y": series["y"] / PERCENT} for series in dead]
    wait = "after the first epoch"
    found = [
        _panel(
            "train_loss",
            "Training loss",
            by_step("losses"),
            note=over,
            worst="high",
            runs_off=True,
        ),
        _panel(
            "val_loss",
            "Validation loss",
            both_by_epoch("loss"),
            note=both,
            worst="high",
            runs_off=True,
            empty=wait,
        ),
        _panel(
            "accuracy",
            "Accuracy",
            both_by_epoch("accuracy", PERCENT),
            "linear",
            note=f"%; {both}",
            worst="low",
            empty=wait,
        ),
        # rates that stay the same are told by the labels
        _panel("learning_rate", "Learning rate", rates, chosen=moving),
        _panel(
            "grad_norm",
            "Gradient norm",
            by_step("grad_norms"),
            note=over,
            chosen=not moving,
            runs_off=True,
        ),
        _panel(
            "update_ratio",
            "Update ratio",
            ratios,
            note="‖Δw‖ / ‖w‖",
            chosen=False,
            runs_off=True,
            empty="after the first steps",
            layers=names_of("names"),
        ),
        _panel(
            "dead",
            "Dead ReLUs",
            dead,
            "linear",
            note="% of units",
            chosen=False,
            layers=names_of("dead_names"),
        ),
    ]
    return [panel for panel in found if panel["series"] or panel["empty"]]


def _panel(
    key: str,
    title: str,
    series: list[dict[str, Any]],
    scale: str = "log",
    *,
    note: str = "",
    chosen: bool = True,
    empty: str = "",
    **more: Any,
) -> dict[str, Any]:
    """See `optviz.player.pack`."""
    return {
        "kind": "curves",
        "key": key,
        "title": title,
        "note": note,
        "ylabel": title.lower(),
        "xlabel": "steps",
        "scale": scale,
        "series": series,
        "chosen": chosen,
        "empty": empty,
        **more,
    }
