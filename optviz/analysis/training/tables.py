"""Trainings as tables: one row for each thing that was trained, its seeds put together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from optviz.analysis.training.curves import (
    AXES,
    Group,
    Spread,
    axis,
    groups,
    lately,
    spread,
    whole_epochs,
)
from optviz.catalog import Entry, knobs, switches
from optviz.engine.training.events import RunResult, TrainResult
from optviz.specs.setting import spec_to_json
from optviz.specs.text import entry_text, value_text
from optviz.specs.training import Training

_NUMBERS = {
    "training loss": "train_loss",
    "training accuracy": "train_accuracy",
    "validation loss": "val_loss",
    "validation accuracy": "val_accuracy",
    "mean loss of the epoch": "mean_loss",
    "mean accuracy of the epoch": "mean_accuracy",
}


def summary(result: TrainResult, accuracy: float | None = None) -> pd.DataFrame:
    """One row a group of seeds, as it stands after its last whole epoch.

    Args:
        result: everything told so far.
        accuracy: a validation accuracy in [0, 1]; adds what it took to reach it.

    Returns:
        Columns label, seeds, epochs (of the seed that has come least far), the numbers of an epoch
        as medians over seeds: training (a sample, missing where an older optviz did not test it)
        and validation as tested at its end, with validation's `, least` and `, greatest`, and means
        over its batches; best epoch (counted from 1, of the median validation accuracy), seconds
        an epoch (of training), milliseconds a step (lately), outcome. With an accuracy also
        `reached` (how many seeds did), and `epochs`, `steps`, `images seen` and `seconds of
        training`, each ` to N%`: the median over all seeds of the first epoch's end at which it was
        reached, missing where most of them did not. Numbers of a seed that diverged are missing.
    """
    curves = spread(result, "val_accuracy")
    return pd.DataFrame([_row(result, curve, accuracy) for curve in curves])


def _row(result: TrainResult, curve: Spread, accuracy: float | None) -> dict[str, Any]:
    group = curve.group
    runs = [result.runs[member] for member in group.members]
    row: dict[str, Any] = {
        "label": group.label,
        "seeds": len(runs),
        "epochs": min(len(whole_epochs(run)) for run in runs),
    }
    for column, name in _NUMBERS.items():
        values = _finite([_last(run, name) for run in runs])
        row[column] = _of(np.median, values)
        if name.startswith("val"):
            row[f"{column}, least"] = _of(np.min, values)
            row[f"{column}, greatest"] = _of(np.max, values)
    known = np.isfinite(curve.median)
    best = np.argmax(curve.median[known]) if known.any() else None
    row["best epoch"] = np.nan if best is None else float(curve.x[known][best])
    seconds = [epoch.seconds for run in runs for epoch in whole_epochs(run)]
    row["seconds an epoch"] = _of(np.mean, seconds)
    steps = [seconds / count for count, seconds in map(lately, runs) if count]
    row["milliseconds a step"] = 1000 * _of(np.median, steps)
    if accuracy is not None:
        row |= _to_accuracy(result, group, accuracy)
    row["outcome"] = _outcome(runs)
    return row


def _last(run: RunResult, name: str) -> float:
    epochs = whole_epochs(run)
    value = getattr(epochs[-1], name) if epochs and run.outcome != "diverged" else None
    return np.nan if value is None else value


def _finite(values: Sequence[float]) -> list[float]:
    return [value for value in values if np.isfinite(value)]


def _of(statistic: Callable[..., Any], values: Sequence[float]) -> float:
    return float(statistic(values)) if values else np.nan


def _to_accuracy(result: TrainResult, group: Group, accuracy: float) -> dict[str, float]:
    arrivals = [arrival(result, member, accuracy) for member in group.members]
    known = [epoch is not None for epoch in arrivals]
    row: dict[str, float] = {"reached": sum(known)}
    for kind, unit in AXES.items():
        took = [
            np.inf if epoch is None else axis(result, member, kind, at="epochs")[epoch]
            for member, epoch in zip(group.members, arrivals, strict=True)
        ]
        middle = float(np.median(took))
        row[f"{unit} to {100 * accuracy:g}%"] = middle if np.isfinite(middle) else np.nan
    return row


def arrival(result: TrainResult, run: int, accuracy: float) -> int | None:
    """The first epoch, from 0, at whose end validation was at least so accurate; None: none yet."""
    for index, epoch in enumerate(whole_epochs(result.runs[run])):
        if epoch.val_accuracy is not None and epoch.val_accuracy >= accuracy:
            return index
    return None


def _outcome(runs: Sequence[RunResult]) -> str:
    """Outcomes in words; a divergence says when."""
    words = [
        f"diverged at step {run.diverged_at:,}" if run.outcome == "diverged" else run.outcome
        for run in runs
    ]
    if len(words) == 1:
        return words[0]
    return ", ".join(f"{count} {word}" for word, count in Counter(words).items())


def compare(results: Mapping[str, TrainResult], accuracy: float | None = None) -> pd.DataFrame:
    """Several trainings in one table: `summary`, and the settings in which the rows differ.

    Args:
        results: trainings by what they are called.
        accuracy: as for `summary`.

    Returns:
        Columns training, those settings (as text, empty where a row has no such setting), and the
        columns of `summary`. A setting that is called as one of these is `… asked for`.
    """
    rows = [
        {"training": name} | settings(result.spec.members()[group.members[0]].spec)
        for name, result in results.items()
        for group in groups(result.spec)
    ]
    if not rows:
        return pd.DataFrame({"training": []})
    tables = [summary(result, accuracy) for result in results.values()]
    asked = pd.DataFrame(rows)
    values = {name: {row[name] for row in rows if name in row} for name in asked}
    told = [name for name in asked if name == "training" or len(values[name]) > 1]
    came = pd.concat(tables, ignore_index=True)
    twice = {name: f"{name} asked for" for name in told if name in came}
    asked = asked.loc[:, told].fillna("").rename(columns=twice)
    return pd.concat([asked, came], axis="columns")


def settings(spec: Training) -> dict[str, str]:
    """What a member was asked to do, as text; a part's own settings as `network.activation`.

    Its seed is left out, for the seeds of a group make one row.
    """
    run = spec.resolved()
    record = {
        name: value_text(value)
        for name, value in spec_to_json(spec).items()
        if value is not None and name not in ("run", "schedule", "seed", "dataset", "network")
    }
    parts = {"dataset": spec.dataset, "network": spec.network, "rule": run.optimizer}
    for part, item in parts.items():
        record |= {part: item.label} | _fields(part, item)
    for knob, schedule in run.schedules:
        record[f"schedule of {knob}"] = entry_text(schedule)
    return record


def _fields(part: str, item: Entry) -> dict[str, str]:
    names = (*knobs(type(item)), *switches(type(item)))
    return {f"{part}.{name}": value_text(getattr(item, name)) for name in names}
