"""Names and values as messages say them: on one line, and never long."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from typing import Any

MAX_SHOWN = 60  # characters of a refused value that a message repeats


def shown(value: object) -> str:
    """A value as a message repeats it: on one line, and never long."""
    if isinstance(value, int) and not -(10**MAX_SHOWN) < value < 10**MAX_SHOWN:
        return f"a whole number of about {int(value.bit_length() * math.log10(2)):,} digits"
    if isinstance(value, (str, bytes)):
        value = value[: MAX_SHOWN + 1]  # before `repr`, which may be four times as long
    text = " ".join(repr(value).split())
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


def unknown(kind: str, key: object, known: Mapping[str, Any] | list[str]) -> str:
    """The one line that says a name is not known, with the closest known one and all of them."""
    close = difflib.get_close_matches(str(key)[:MAX_SHOWN], list(known), n=1, cutoff=0.4)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    return f"unknown {kind} {shown(key)}{hint}; known: {', '.join(known)}"
