"""Files that a command writes: one that fails keeps none of the others from being written."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path


def write_all(names: Sequence[str], write: Callable[[str], Path]) -> list[str]:
    """Write every file, and say so on stderr.

    Returns:
        A line for each that could not be written: which, and why.
    """
    failed = []
    for name in names:
        try:
            print(f"wrote {write(name)}", file=sys.stderr)
        except (ValueError, OSError) as error:
            failed.append(f"{name} could not be written: {error}")
    return failed


def refuse(failed: Sequence[str]) -> None:
    """Raise `ValueError` with what could not be written, when all else is done."""
    if failed:
        raise ValueError("; ".join(failed))
