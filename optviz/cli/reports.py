"""What commands that train say while they do, and in the end."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from optviz.specs.text import counted

if TYPE_CHECKING:
    from optviz.engine.training.events import Started, TrainResult


class Report:
    """Progress on stderr, a line an epoch."""

    def __init__(self) -> None:
        self._labels: list[str] = []

    def __call__(self, event: object) -> None:
        # Networks take a moment to import; `optviz --help` need not wait for them.
        from optviz.engine.training.events import Downloading, EpochEnd, Notice, RunEnd, Started

        if isinstance(event, Downloading):
            _downloading(event.done, event.total)
        elif isinstance(event, Notice):
            say(event.text)
        elif isinstance(event, Started):
            self._labels = event.labels
            say(
                f"{event.num_params[0]:,} parameters, {event.num_train[0]:,} training and "
                f"{event.num_validation[0]:,} validation images{_sample(event)}. {event.note}"
            )
        elif isinstance(event, EpochEnd):
            say(
                f"{self._labels[event.run]}: epoch {event.epoch + 1}, "
                f"loss {_number(event.train_loss)}, accuracy {_percent(event.train_accuracy)}, "
                f"validation {_number(event.val_loss)}, {_percent(event.val_accuracy)}, "
                f"{event.seconds:.1f} s of training"
            )
        elif isinstance(event, RunEnd) and event.outcome == "diverged":
            say(f"{self._labels[event.run]}: diverged at step {event.diverged_at}")


def print_result(result: TrainResult, *, as_json: bool) -> None:
    """What a training came to: one JSON object, or a table."""
    if as_json:
        print(json.dumps(result.to_json(), allow_nan=False))
    else:
        print_table(result)


def print_table(result: TrainResult) -> None:
    """One line a run, as it stands after its last whole epoch."""
    width = max([28, *(len(run.label) for run in result.runs)])
    heads = [f"{name:>10}" for name in ("train loss", "accuracy", "val loss", "accuracy")]
    print(f"{'optimizer':<{width}} {' '.join(heads)}")
    for run in result.runs:
        if run.outcome == "diverged":
            text = f"diverged at step {run.diverged_at}"
        elif not run.epochs:
            text = f"{run.outcome} after {counted(len(run.losses), 'step')}"
        else:
            last = run.epochs[-1]
            cells = (
                _number(last.train_loss),
                _percent(last.train_accuracy),
                _number(last.val_loss),
                _percent(last.val_accuracy),
            )
            text = " ".join(f"{cell:>10}" for cell in cells)
        print(f"{run.label:<{width}} {text}")


def _sample(event: Started) -> str:
    """Which training images are tested, where it is not all of them."""
    if event.num_sample is None or event.num_sample[0] == event.num_train[0]:
        return ""
    return f", training tested on {event.num_sample[0]:,}"


def _downloading(done: int, total: int) -> None:
    share = f" of {total / 1e6:.0f}" if total else ""
    print(f"\rdownloading {done / 1e6:.0f}{share} MB", end="", file=sys.stderr)
    if total and done >= total:
        print(file=sys.stderr)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}%"


def say(text: str) -> None:
    """One line of progress, on stderr."""
    print(text, file=sys.stderr, flush=True)
