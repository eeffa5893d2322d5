"""What every measurement carries along: the machine, the versions, the spread of its repeats."""

from __future__ import annotations

import datetime
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from optviz.runs.environment import processor, version_of


def stamp(device: str) -> dict[str, Any]:
    """Where and when, and with what."""
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "device": device,
        "machine": {
            "cpu": processor(),
            "cores": os.cpu_count(),
            "system": platform.system(),
            # Above the number of cores others were at work too: trust ratios, not times.
            "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        },
        "versions": {
            "python": platform.python_version(),
            **{n: v for n in ("optviz", "jax", "jaxlib", "numpy", "optax") if (v := version_of(n))},
        },
    }


def say(progress: str) -> None:
    """Tell on stderr what is being measured: results go to stdout."""
    print(progress, file=sys.stderr, flush=True)


def seconds(work: Callable[[], Any]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Median, least, 95th percentile and number of repeats."""
    return {
        "median": float(np.median(values)),
        "min": float(np.min(values)),
        "p95": float(np.percentile(values, 95)),
        "repeats": len(values),
    }


def bar(name: str, value: float, limit: float, unit: str, *, at_least: bool) -> dict[str, Any]:
    """A promise and what was measured."""
    met = value >= limit if at_least else value <= limit
    sign = "≥" if at_least else "≤"
    return {"what": name, "bar": f"{sign} {limit:g} {unit}".strip(), "value": value, "met": met}


def finite(value: Any) -> Any:
    """JSON data with None in place of numbers that JSON does not have."""
    match value:
        case Mapping():
            return {name: finite(item) for name, item in value.items()}
        case list() | tuple():
            return [finite(item) for item in value]
        case float() if not np.isfinite(value):
            return None
    return value


def table(result: Mapping[str, Any]) -> str:
    """The numbers as aligned text."""
    machine = result["machine"]
    lines = [
        f"{result['benchmark']}: {machine['cpu']}, {machine['cores']} cores, "
        f"load {machine['load']}, {result['date']}",
        ", ".join(f"{name} {number}" for name, number in result["versions"].items()),
        "",
    ]
    for name, value in result["measured"].items():
        lines.append(f"  {name:44s} {_text(value)}")
    if result["bars"]:
        lines.append("")
    for row in result["bars"]:
        verdict = "met" if row["met"] else "NOT MET"
        lines.append(f"  {row['what']:44s} {row['value']:10.4g}   bar {row['bar']:14s} {verdict}")
    return "\n".join([*lines, *result.get("notes", [])])


def _text(value: Any) -> str:
    if isinstance(value, Mapping) and "median" in value:
        unit = value.get("unit", "ms")
        return (
            f"{value['median']:10.4g} {unit:4s} median, {value['min']:.4g} min, "
            f"{value['repeats']} repeats"
        )
    return f"{value:10.4g}" if isinstance(value, float) else f"{value!s:>10}"
