"""The committed table of fair learning rates: each rule at its own best rate on each surface."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from optviz.optimizers import Optimizer
from optviz.surfaces import Surface


@cache
def table() -> dict[str, Any]:
    """`{"rule": sentence, "surfaces": {surface: {optimizer: learning rate}}}` as searched."""
    return json.loads(files("optviz.specs").joinpath("fair_rates.json").read_text("utf-8"))


def fair_rate(surface: Surface, optimizer: Optimizer) -> float | None:
    """The tabled learning rate, or None where none was searched."""
    key, rule = getattr(surface, "name", None), getattr(optimizer, "name", None)
    return table()["surfaces"].get(key, {}).get(rule)


def rule_of_tuning() -> str:
    """The sentence that says how the table was searched."""
    return table()["rule"]
