"""What a page says of an error: one line, whatever the error is.

Bad input and what the system refuses (`ValueError`, `OSError`) say for themselves what is wrong.
All else is a fault of the program: the line says where to look, the log has the traceback, and the
rest of the page, with everything that was set, stays as it is.
"""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

MOST_CHARACTERS = 500  # of a line
_LOG = logging.getLogger("optviz")


def line_of(error: Exception) -> str:
    """One line for an error; a fault of the program goes into the log as well."""
    if isinstance(error, (ValueError, OSError)):
        text = " ".join(str(error).split()) or type(error).__name__
        return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"
    _LOG.error("A page failed", exc_info=error)
    if isinstance(error, MemoryError):
        return "There is not enough memory for this. What is set stays as it is."
    place = (traceback.extract_tb(error.__traceback__) or [None])[-1]
    where = f" in {Path(place.filename).name}, line {place.lineno}" if place else ""
    return (
        f"This part of the page failed by a fault of optviz ({type(error).__name__}{where}). "
        "The traceback is in the log of the app; what is set stays as it is."
    )
