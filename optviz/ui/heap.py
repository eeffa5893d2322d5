"""Short collections of garbage: Streamlit has one after every rerun, and all threads wait for it.

What was imported and compiled is never garbage, and there are a million objects of it; so what has
survived a long collection is set apart, and looked at again when somebody opens a page much later.
"""

from __future__ import annotations

import gc
import time
from typing import Any

LONG = 0.005  # seconds of a collection after which what it left is set apart
AGAIN = 600  # seconds until all is looked at again: sessions that have ended are garbage by then

_times = {"began": 0.0, "looked": float("-inf")}


def settle() -> None:
    """Collect all garbage where that is due, and set apart what is left."""
    if time.monotonic() - _times["looked"] < AGAIN:
        return
    if _walked not in gc.callbacks:
        gc.callbacks.append(_walked)
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    _times["looked"] = time.monotonic()


def _walked(phase: str, info: dict[str, Any]) -> None:
    if info["generation"] < 2:
        return
    if phase == "start":
        _times["began"] = time.perf_counter()
    elif time.perf_counter() - _times["began"] > LONG:
        gc.freeze()
