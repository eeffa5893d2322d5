"""A training's curves taken away: CSV, Parquet, JSON, or a folder that TensorBoard opens."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from optviz.analysis.training.curves import Axis, axis, groups, learning_rate, whole_epochs
from optviz.engine.training.events import EPOCH_MEANS, EPOCH_NUMBERS, TrainResult
from optviz.export import tensorboard
from optviz.export.cells import as_cells
from optviz.folders import replace_file, replacing

EPOCH_PLACES: Mapping[str, Axis] = {
    "epoch": "epoch",
    "step": "step",
    "samples": "sample",
    "clock": "second",
}


def steps_frame(result: TrainResult) -> pd.DataFrame:
    """One row a step of a run.

    Returns:
        Columns label, group (the label without the seed), run (index of the member), arm, seed,
        step (from 0), epoch (a fraction), samples and seconds before the step; loss, grad_norm and
        learning_rate (missing where a rule has none) of the step, as float32.
    """

    def columns(run: int) -> dict[str, Any]:
        told = result.runs[run]
        rates = learning_rate(result, run)[: len(told.losses)]
        return {
            "step": np.arange(len(told.losses)),
            "epoch": axis(result, run, "epoch"),
            "samples": axis(result, run, "sample").astype(int),
            "seconds": axis(result, run, "second"),
            "loss": np.asarray(told.losses, np.float32),
            "grad_norm": np.asarray(told.grad_norms, np.float32),
            "learning_rate": np.asarray(rates, np.float32)
            if len(rates)
            else np.full(len(told.losses), np.nan, np.float32),
        }

    return _frame(result, columns)


def epochs_frame(result: TrainResult) -> pd.DataFrame:
    """One row a whole epoch of a run.

    Returns:
        Columns label, group, run, arm, seed as in `steps_frame`; epoch (1 is the first), step,
        samples and clock (seconds of training) at its end; train_loss, train_accuracy, val_loss,
        val_accuracy as tested at its end, and the seconds that training took; mean_loss and
        mean_accuracy over its batches.
    """

    def columns(run: int) -> dict[str, Any]:
        epochs = whole_epochs(result.runs[run])
        places = {name: axis(result, run, kind, at="epochs") for name, kind in EPOCH_PLACES.items()}
        numbers = {
            name: np.array([getattr(epoch, name) for epoch in epochs], float)
            for name in (*EPOCH_NUMBERS, *EPOCH_MEANS)
        }
        whole = {name: places[name].astype(int) for name in ("epoch", "step", "samples")}
        return places | whole | numbers

    return _frame(result, columns)


def layers_frame(result: TrainResult) -> pd.DataFrame:
    """One row a layer and look: what a step did to a weight array, or a layer's dead units.

    Returns:
        Columns label, group, run, arm, seed as in `steps_frame`; step, layer, update_ratio (norm of
        the change over norm before it) or dead (share of units), the other one missing.
    """

    def columns(run: int) -> dict[str, Any]:
        rows: list[tuple[int, str, float | None, float | None]] = []
        for look in result.runs[run].layers:
            ratios = zip(look.names, look.update_ratios, strict=True)
            dead = zip(look.dead_names, look.dead, strict=True)
            rows.extend((look.step, name, ratio, None) for name, ratio in ratios)
            rows.extend((look.step, name, None, share) for name, share in dead)
        names = ("step", "layer", "update_ratio", "dead")
        found = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {}
        return {
            "step": np.array(found.get("step", ()), int),
            "layer": np.array(found.get("layer", ()), object),
            "update_ratio": np.array(found.get("update_ratio", ()), float),
            "dead": np.array(found.get("dead", ()), float),
        }

    return _frame(result, columns)


def _frame(result: TrainResult, columns: Callable[[int], Mapping[str, Any]]) -> pd.DataFrame:
    """The runs' columns below each other, with what each run is in front."""
    members = result.spec.members()
    group_of = {i: group.label for group in groups(result.spec) for i in group.members}
    parts = [dict(columns(run)) for run in range(len(members))]
    counts = [len(next(iter(part.values()))) for part in parts]

    def of_run(values: Any) -> np.ndarray:
        return np.repeat(np.asarray(values), counts)

    def names(values: Iterable[str]) -> pd.Categorical:
        return pd.Categorical(of_run(np.array(list(values), object)))

    return pd.DataFrame(
        {
            "label": names(member.label for member in members),
            "group": names(group_of[run] for run in range(len(members))),
            "run": of_run(range(len(members))),
            "arm": names(member.arm for member in members),
            "seed": of_run([member.seed for member in members]),
        }
        | {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    )


FRAMES: Mapping[str, Callable[[TrainResult], pd.DataFrame]] = {
    "": steps_frame,
    "-epochs": epochs_frame,
    "-layers": layers_frame,
}


def write(result: TrainResult, path: str | Path) -> list[Path]:
    """Write a training's curves; the suffix decides the form.

    Args:
        result: everything told so far.
        path: `NAME.csv` or `NAME.parquet`: the steps, and beside them `NAME-epochs` and
            `NAME-layers`; `.json`: everything in one object; `.tb`, no suffix, or a folder that is
            there: event files for TensorBoard, a folder for each run.

    Returns:
        What was written: the files, or TensorBoard's folder.

    Raises:
        ValueError: another suffix, no such folder to write into, or no pyarrow for Parquet.
    """
    path = Path(path)
    if not path.absolute().parent.is_dir():
        raise ValueError(f"no folder {str(path.parent)!r} to write {path.name!r} into")
    suffix = path.suffix.lower()
    if path.is_dir() or suffix in ("", ".tb"):
        tensorboard.write(result, path)
        return [path]
    if suffix == ".json":
        text = json.dumps(to_json(result), allow_nan=False) + "\n"
        replace_file(path, text.encode())
        return [path]
    if suffix not in WRITERS:
        raise ValueError(
            f"curves are written as {', '.join(WRITERS)}, .json, or .tb for TensorBoard, "
            f"got {path.name!r}"
        )
    written = []
    with ExitStack() as together:  # all of them take their places, or none
        for ending, frame in FRAMES.items():
            target = path.with_name(path.stem + ending + path.suffix)
            WRITERS[suffix](frame(result), together.enter_context(replacing(target)))
            written.append(target)
    return written


def _csv(frame: pd.DataFrame, path: Path) -> None:
    as_cells(frame).to_csv(path, index=False, lineterminator="\n")


def _parquet(frame: pd.DataFrame, path: Path) -> None:
    if find_spec("pyarrow") is None:
        raise ValueError("Parquet needs the package pyarrow: pip install pyarrow")
    frame.to_parquet(path, engine="pyarrow", index=False)


WRITERS: Mapping[str, Callable[[pd.DataFrame, Path], None]] = {".csv": _csv, ".parquet": _parquet}


def to_json(result: TrainResult) -> dict[str, Any]:
    """The training's own JSON with every step's and layer's numbers; None: not finite."""
    record = result.to_json()
    for index, (run, told) in enumerate(zip(record["runs"], result.runs, strict=True)):
        steps = len(told.losses)
        run["losses"] = _finite(told.losses)
        run["grad_norms"] = _finite(told.grad_norms)
        run["learning_rates"] = _finite(learning_rate(result, index)[:steps].tolist())
        run["clocks"] = [list(clock) for clock in told.clocks]
        run["layers"] = [
            {
                "step": look.step,
                "update_ratios": dict(zip(look.names, look.update_ratios, strict=True)),
                "dead": dict(zip(look.dead_names, look.dead, strict=True)),
            }
            for look in told.layers
        ]
    return record


def _finite(values: Sequence[float]) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values]
