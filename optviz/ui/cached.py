"""What a page shows again and again, kept per process: races and the player's messages."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from optviz.analysis.convergence import lowest_loss, window
from optviz.api import Race, run_race
from optviz.player import pack_race
from optviz.specs import RaceSpec


@lru_cache(maxsize=64)
def race(spec: RaceSpec) -> Race:
    """The race of a spec; equal specs give the same object."""
    return run_race(spec)


@lru_cache(maxsize=64)
def payload(spec: RaceSpec) -> bytes:
    """The player's message for the race of a spec."""
    result = race(spec)
    lowest = lowest_loss(spec.surface)
    return pack_race(
        result,
        surface=spec.surface,
        grid=window(spec.surface),
        minimum=lowest if lowest is not None and np.isfinite(lowest) else None,
        levels=spec.surface.level_scale,
        draggable=True,
        race_id=result.id,
    )
