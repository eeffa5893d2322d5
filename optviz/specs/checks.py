"""Checks of the plain numbers in a spec: who, what is allowed, what came."""

from __future__ import annotations

import math
from collections.abc import Iterable


def check_whole(name: str, value: object, low: int, high: int) -> None:
    """Raise `ValueError` unless `value` is a whole number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name} must be a whole number from {low} to {high:,}, got {value!r}")


def check_real(name: str, value: object, low: float, high: float) -> None:
    """Raise `ValueError` unless `value` is a finite number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} must be a number, got {value!r}")
    if not (math.isfinite(value) and low <= value <= high):
        raise ValueError(f"{name} must lie in [{low:g}, {high:g}], got {value!r}")


def check_choice(name: str, value: object, options: Iterable[str]) -> None:
    """Raise `ValueError` unless `value` is one of `options`."""
    allowed = tuple(options)
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")
