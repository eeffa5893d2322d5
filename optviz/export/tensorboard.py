"""A training as event files that TensorBoard opens: a folder for each run."""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from optviz.analysis.training.curves import axis, learning_rate, whole_epochs
from optviz.analysis.training.tables import settings
from optviz.engine.training.events import TrainResult
from optviz.specs.labels import unique

EPOCH_TAGS = {
    "loss/validation": "val_loss",
    "loss/train, tested": "train_loss",
    "loss/train, mean of the epoch": "mean_loss",
    "accuracy/train": "train_accuracy",
    "accuracy/train, mean of the epoch": "mean_accuracy",
    "accuracy/validation": "val_accuracy",
}
_DEVICE = re.compile(r"con|prn|aux|nul|(?:com|lpt)\d", re.IGNORECASE)
Row = tuple[int, float, dict[str, float]]  # step, seconds of the run, values by tag


def write(result: TrainResult, folder: Path) -> None:
    """Write an event file for each run into a folder of its label.

    Wall times are as if the run that took longest had come to its end now.

    Raises:
        ValueError: one of these folders holds event files already.
    """
    names = folders(result.spec.labels)
    for name in names:
        if any((folder / name).glob("*tfevents*")):
            raise ValueError(f"{str(folder / name)!r} holds TensorBoard's event files already")
    longest = max((run.clocks[-1][1] for run in result.runs if run.clocks), default=0.0)
    began = time.time() - longest
    # Beside it first: what a full disk cuts short is no run that TensorBoard would show.
    with TemporaryDirectory(dir=folder.absolute().parent, prefix=".optviz-") as scratch:
        for run, name in enumerate(names):
            _write(result, run, Path(scratch) / name, began)
        for name in names:
            (folder / name).mkdir(parents=True, exist_ok=True)
            for file in (Path(scratch) / name).iterdir():
                os.replace(file, folder / name / file.name)


def folders(labels: Sequence[str]) -> list[str]:
    """A folder's name for each label, all different, also where case does not count."""
    names = (re.sub(r"[^\w.,=+-]+", "_", label).strip("._") or "run" for label in labels)
    return unique(list(map(_fit, names)), "{}_{}", keep_first=True, same=str.casefold)


def _fit(name: str) -> str:
    """The name as every file system takes it: at most 200 bytes, and no device of Windows."""
    name = name.encode()[:200].decode(errors="ignore")
    return f"_{name}" if _DEVICE.fullmatch(name.partition(".")[0]) else name


def _write(result: TrainResult, run: int, folder: Path, began: float) -> None:
    from tensorboardX.proto import event_pb2, summary_pb2
    from tensorboardX.record_writer import RecordWriter
    from tensorboardX.summary import text

    events: Any = event_pb2  # its classes are made when it is imported
    summaries: Any = summary_pb2
    folder.mkdir(parents=True, exist_ok=True)
    spec = result.spec.members()[run].spec
    asked = settings(spec) | {"seed": str(spec.seed)}
    table = "\n".join(f"| {name} | {_cell(value)} |" for name, value in asked.items())
    summary = text("settings", f"| setting | value |\n|---|---|\n{table}")
    name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}"
    # The file itself, not the library's writer with its thread and its changes to tags.
    with closing(RecordWriter(str(folder.absolute() / name))) as records:

        def write_event(**fields: Any) -> None:
            records.write(events.Event(**fields).SerializeToString())

        write_event(wall_time=time.time(), file_version="brain.Event:2")
        write_event(step=0, wall_time=began, summary=summary)
        for step, seconds, values in _rows(result, run):
            told = [
                summaries.Summary.Value(tag=tag, simple_value=value)
                for tag, value in values.items()
            ]
            summary = summaries.Summary(value=told)
            write_event(step=step, wall_time=began + seconds, summary=summary)


def _cell(value: str) -> str:
    """A value as code in a Markdown table, which TensorBoard shows; a path may have any letter."""
    return "`" + re.sub(r"\s+", " ", value).replace("`", "'").replace("|", r"\|") + "`"


def _rows(result: TrainResult, run: int) -> Iterator[Row]:
    """Everything that was told, in the order of steps; an epoch's numbers stand at its end."""
    told, rates = result.runs[run], learning_rate(result, run)
    seconds = axis(result, run, "second")
    looks = {look.step: look for look in told.layers}
    ends = axis(result, run, "step", at="epochs").astype(int)
    epochs = dict(zip(ends.tolist(), whole_epochs(told), strict=True))
    for step in range(len(told.losses) + 1):
        if step in epochs:
            numbers = {tag: getattr(epochs[step], name) for tag, name in EPOCH_TAGS.items()}
            known = {tag: value for tag, value in numbers.items() if value is not None}
            yield step, epochs[step].clock, known
        if step == len(told.losses):
            return
        values = {"loss/train": told.losses[step], "gradient norm": told.grad_norms[step]}
        if len(rates):
            values["learning rate"] = float(rates[step])
        if step in looks:
            look = looks[step]
            ratios = zip(look.names, look.update_ratios, strict=True)
            dead = zip(look.dead_names, look.dead, strict=True)
            values |= {f"update ratio/{name}": r for name, r in ratios if r is not None}
            values |= {f"dead units/{name}": share for name, share in dead if share is not None}
        yield step, float(seconds[step]), values
