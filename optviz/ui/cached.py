"""What a page shows again and again, kept per process: races and the player's messages."""

from __future__ import annotations

from functools import lru_cache

from optviz.api import Race, run_race
from optviz.export.pages import race_payload
from optviz.specs import RaceSpec


@lru_cache(maxsize=64)
def race(spec: RaceSpec) -> Race:
    """The race of a spec; equal specs give the same object."""
    return run_race(spec)


@lru_cache(maxsize=64)
def payload(spec: RaceSpec) -> bytes:
    """The player's message for the race of a spec."""
    return race_payload(race(spec), draggable=True)


@lru_cache(maxsize=64)
def still_payload(spec: RaceSpec) -> bytes:
    """The player's message for a race whose start cannot be moved."""
    return race_payload(race(spec))
