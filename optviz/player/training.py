"""A training as the player's message: curves that grow while it runs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from optviz.analysis.training.curves import groups
from optviz.engine.training.events import RunResult, TrainResult
from optviz.figures.theme import styles_of
from optviz.player.pack import pack
from optviz.player.training_curves import evenly
from optviz.player.training_panels import panels

_CLOCK_POINTS = 200  # of a run; between two of them time passes evenly
_NO_ID = "0" * 16


def pack_training(
    result: TrainResult,
    *,
    learning_rates: Sequence[np.ndarray],
    live: bool,
    smoothing: int = 1,
) -> bytes:
    """The player's message for a training; always the whole of it.

    Members that differ in their seed only are one run of the message, drawn as their median and
    the band from least to greatest, which the browser takes.

    Args:
        result: everything told so far.
        learning_rates: (num_steps,) for each member; empty where a rule has none.
        live: whether more will come; the playhead then stays at the end.
        smoothing: the loss of a step is the mean over so many steps up to it; so is its gradient.
    """
    drawn = groups(result.spec)
    styles = styles_of([group.rule for group in drawn])
    done = max((len(run.losses) for run in result.runs), default=0)
    header: dict[str, Any] = {
        "title": "Training",
        "num_steps": max(done, 1),
        "live": live,
        "autoplay": False,
        "opens_at_end": True,  # what has been trained is there to be seen
        "axes": ["step", "epoch", "sample", "second"] if result.started else ["step"],
        "members": _members(result),
        "runs": [
            {
                "label": group.label,
                "seeds": len(group.members),
                "members": group.members,
                **asdict(style),
                "visible": True,
                **_ended([result.runs[index] for index in group.members]),
            }
            for group, style in zip(drawn, styles, strict=True)
        ],
        "panels": panels(
            result,
            [group.members for group in drawn],
            learning_rates,
            smoothing,
            any(style.dash for style in styles),
        ),
    }
    payload = pack({"id": _NO_ID, **header})
    digest = hashlib.blake2b(payload, digest_size=len(_NO_ID) // 2).hexdigest()
    return payload.replace(_NO_ID.encode(), digest.encode(), 1)


def _members(result: TrainResult) -> list[dict[str, Any]]:
    """What the axes need to know of each member."""
    started, members = result.started, result.spec.members()
    found = []
    for index, run in enumerate(result.runs):
        entry: dict[str, Any] = {"label": run.label, "num_steps": len(run.losses)}
        if run.outcome == "diverged":
            entry["diverged"] = True
        if started:
            per_epoch = started.steps_per_epoch[index]
            entry["steps_per_epoch"] = per_epoch
            images = started.num_train[index]
            batch = members[index].spec.full_batch(images)
            entry["samples"] = {"epoch": images, "batch": batch}
            told = [run.clocks[i] for i in evenly(len(run.clocks), _CLOCK_POINTS)]
            clock = np.array([(0, 0.0), *told])
            entry["clock"] = {"steps": clock[:, 0], "seconds": clock[:, 1]}
        found.append(entry)
    return found


def _ended(runs: Sequence[RunResult]) -> dict[str, Any]:
    """The outcome of a run's seeds: the first that diverged decides."""
    diverged = [run.diverged_at for run in runs if run.outcome == "diverged"]
    if not diverged:
        return {"outcome": None, "outcome_step": None}
    first = min(diverged)
    told, note = f"diverged at step {first:,}", f"{first}"
    if len(runs) > 1:
        note = f"{len(diverged)}/{len(runs)}"
        told = f"{len(diverged)} of {len(runs)} seeds diverged, the first at step {first:,}"
    return {
        "outcome": "diverged",
        "outcome_step": first,
        "word": "diverged",
        "told": told,
        "note": note,
    }
