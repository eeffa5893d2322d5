"""Measurements of what optviz promises, each against a peer or a bar in the same run."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from optviz.benchmarks import maps, networks, player, race
from optviz.benchmarks.report import finite, stamp, table
from optviz.folders import replace_file

BENCHMARKS: dict[str, Callable[..., dict[str, Any]]] = {
    "race": race.measure,
    "maps": maps.measure,
    "player": player.measure,
    "networks": networks.measure,
}


def run(
    name: str = "race", device: str = "cpu", out: str | Path | None = None, **options: Any
) -> dict[str, Any]:
    """Measure, print a table, and return (and write) the numbers as JSON.

    Args:
        name: a key of `BENCHMARKS`.
        device: "cpu" or "gpu"; only networks can run on a GPU.
        out: file to write.
        **options: of the benchmark; see its `measure`.

    Raises:
        ValueError: unknown name, or a device or an option that the benchmark does not use.
    """
    if name not in BENCHMARKS:
        raise ValueError(f"unknown benchmark {name!r}; known: {', '.join(BENCHMARKS)}")
    if device not in ("cpu", "gpu"):
        raise ValueError(f"device must be cpu or gpu, got {device!r}")
    known = inspect.signature(BENCHMARKS[name]).parameters
    for option in options:
        if option not in known:
            raise ValueError(f"benchmark {name} has no option {option!r}")
    result = {"benchmark": name, **stamp(device), **BENCHMARKS[name](device=device, **options)}
    print(table(result))
    if out is not None:
        text = json.dumps(finite(result), indent=2, allow_nan=False)
        replace_file(Path(out), (text + "\n").encode())
    return result
