"""Schedules as text: `warmup:share=0.1*cosine:final=0.05`, one or several multiplied."""

from __future__ import annotations

from optviz.schedules import SCHEDULES, Schedule
from optviz.specs.text import parse_entry

MAX_PARTS = 8


def parse_schedule(text: str) -> Schedule:
    """Read `KEY:knob=value`, or several with `*` between them; `entry_text` is the inverse.

    Raises:
        ValueError: see `parse_entry`; or too many of them.
    """
    parts = text.split("*")
    if len(parts) > MAX_PARTS:
        raise ValueError(f"a schedule has at most {MAX_PARTS} parts, got {len(parts)}")
    first, *others = (parse_entry(part, SCHEDULES)[0] for part in parts)
    for other in others:
        first *= other
    return first
