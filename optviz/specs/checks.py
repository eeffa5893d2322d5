"""Checks of the plain numbers in a spec: who, what is allowed, what came."""

from __future__ import annotations

import math
from collections.abc import Iterable

from optviz.catalog import shown


def check_whole(name: str, value: object, low: int, high: int) -> None:
    """Raise `ValueError` unless `value` is a whole number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(
            f"{name} must be a whole number from {low} to {high:,}, got {shown(value)}"
        )


def check_real(name: str, value: object, low: float, high: float, closed: str = "both") -> None:
    """Raise `ValueError` unless `value` is a finite number from `low` to `high`.

    Args:
        name: whose value it is.
        value: what came.
        low, high: the ends of what is allowed.
        closed: which ends belong to it: "left", "right", "both" or "neither".
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} must be a number, got {shown(value)}")
    above = value >= low if closed in ("left", "both") else value > low
    below = value <= high if closed in ("right", "both") else value < high
    if not (above and below and -math.inf < value < math.inf):
        left = "[" if closed in ("left", "both") else "("
        right = "]" if closed in ("right", "both") else ")"
        raise ValueError(f"{name} must lie in {left}{low:g}, {high:g}{right}, got {shown(value)}")


def check_choice(name: str, value: object, options: Iterable[str]) -> None:
    """Raise `ValueError` unless `value` is one of `options`."""
    allowed = tuple(options)
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {shown(value)}")


def check_flag(name: str, value: object) -> None:
    """Raise `ValueError` unless `value` is a truth value."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false, got {shown(value)}")
