"""Whether runs are the quicker together or one by one, measured once for each network and device.

On a CPU nothing is measured, so that results there depend on nothing but what was asked for.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import jax
import numpy as np

from optviz import folders
from optviz.engine.training import programs
from optviz.engine.training.stack.device import sliced
from optviz.engine.training.stack.run import TrainStack
from optviz.engine.training.track import Track
from optviz.networks.convolution import DIRECT, PATCHES
from optviz.specs.text import entry_text

FEW = 4  # runs; for fewer, compiling the stack takes longer than it saves
CHOICES = {
    "loop": ("loop", DIRECT),
    "stack": ("stack", DIRECT),
    "stack, patches": ("stack", PATCHES),
}
STEPS = 8  # that are timed, after one that may compile


def without_timing(tracks: Sequence[Track]) -> str | None:
    """What is quicker where that is known or has to be fixed; None: it may be measured.

    On a CPU, convolutions within a loop are many times slower (see `programs`), and matrix
    products fill the cores as well one by one. Only where there is nothing but one small product
    and one seed, so that all runs see the same images, does the stack win: eight linear
    classifiers take a third of the time. On an accelerator the stack is taken unmeasured where
    results must repeat to the bit.
    """
    if jax.default_backend() == "cpu":
        weights = [w for w in jax.tree.leaves(tracks[0].shapes().params) if w.ndim > 1]
        seeds = {track.spec.seed for track in tracks}
        wins = len(weights) == 1 and len(seeds) == 1 and len(tracks) >= FEW
        return "stack" if wins else "loop"
    return "stack" if "deterministic" in os.environ.get("XLA_FLAGS", "") else None


def quickest(tracks: Sequence[Track]) -> tuple[str, str]:
    """ "stack" or "loop", and the form of convolutions, as was measured at some time, or now."""
    known, key = _read(), _key(tracks)
    if (best := known.get(key, {}).get("best")) not in CHOICES:
        seconds = {"loop": loop_seconds(tracks), "stack": stack_seconds(tracks, DIRECT)}
        if any(w.ndim > 2 for w in jax.tree.leaves(tracks[0].shapes().params)):
            seconds["stack, patches"] = stack_seconds(tracks, PATCHES)
        best = min(seconds, key=lambda name: seconds[name])
        _write({**known, key: {"best": best, "seconds_per_step": seconds}})
    return CHOICES[best]


def stack_seconds(tracks: Sequence[Track], convolution: str) -> float:
    """Seconds for one step of all runs together; infinite where there is no memory for it."""
    before = [track.recipe for track in tracks]
    for track in tracks:
        track.recipe = track.recipe._replace(convolution=convolution)
    try:
        stack = TrainStack(tracks, lambda event: None, lambda: False, None)
        return stack.seconds_per_step(STEPS)
    except jax.errors.JaxRuntimeError:
        return math.inf
    finally:
        for track, recipe in zip(tracks, before, strict=True):
            track.recipe = recipe


def loop_seconds(tracks: Sequence[Track]) -> float:
    """Seconds for one step of all runs, one after the other; one run stands for all of its rule."""
    return sum(len(part) * _one_by_one(part[0]) for part in sliced(tracks))


def _one_by_one(track: Track) -> float:
    carry, _ = track.begin()
    batches = list(track.batches(0))
    start = 0.0
    for number in range(STEPS + 1):
        task = track.task(batches[number % len(batches)])
        rule, place = track.optimizer_at(0), np.int32(number)
        carry, seen = programs.step(carry, rule, task, place, track.key, track.recipe)
        if number == 0:
            seen.loss.block_until_ready()
            start = time.perf_counter()
    jax.block_until_ready(carry)
    return (time.perf_counter() - start) / STEPS


def _key(tracks: Sequence[Track]) -> str:
    one = tracks[0]
    device = jax.local_devices()[0].device_kind
    rules = ",".join(sorted({track.optimizer.name for track in tracks}))
    batch = f"batch {one.spec.batch_size}"
    runs = f"{len(tracks)} runs"
    parts = entry_text(one.network), rules, runs, batch, one.recipe.precision, device
    return " | ".join((*parts, f"jax {jax.__version__}"))


def _file() -> Path:
    return folders.cache() / "arrangements.json"


def _read() -> dict[str, Any]:
    """What was measured before; nothing where the file is missing or damaged."""
    try:
        found = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    sound = isinstance(found, dict) and all(isinstance(v, dict) for v in found.values())
    return found if sound else {}


def _write(known: dict[str, Any]) -> None:
    """Whole or not at all; without a writable folder it is measured again next time."""
    with suppress(OSError):
        _file().parent.mkdir(parents=True, exist_ok=True)
        folders.replace_file(_file(), json.dumps(known, indent=1).encode())
