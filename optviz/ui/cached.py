"""What a page shows again and again, kept per process: races and the player's messages."""

from __future__ import annotations

from contextlib import nullcontext
from threading import Lock

from optviz.api import Race, run_race
from optviz.export.pages import race_payload
from optviz.kept import MEGABYTE, kept
from optviz.specs import RaceSpec
from optviz.specs.budget import race_cost

LARGE = 200 * MEGABYTE  # while it runs
_ONE_LARGE = Lock()


@kept(megabytes=128)
def race(spec: RaceSpec) -> Race:
    """The race of a spec; equal specs give the same object.

    Of large ones, whoever asks for them, one runs at a time: what each may take is bounded, and so
    is what they take together.
    """
    cost = race_cost(len(spec.runs), len(spec.starts), spec.num_steps)
    with _ONE_LARGE if cost.bytes > LARGE else nullcontext():
        return run_race(spec)


@kept(megabytes=64)
def payload(spec: RaceSpec) -> bytes:
    """The player's message for the race of a spec."""
    return race_payload(race(spec), draggable=True)


@kept(megabytes=32)
def still_payload(spec: RaceSpec) -> bytes:
    """The player's message for a race whose start cannot be moved."""
    return race_payload(race(spec))
