"""Where results and messages go: whatever the terminal can show, and one line for every error."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

MOST, MOST_NAME = 2000, 100  # characters of an error's line, and of a file's name in it


def prepare() -> None:
    """Make the three streams such that nothing that is printed can fail, or land elsewhere.

    What an encoding has no letter for (cp1252 none for θ) is replaced: a result with a `?` in it is
    better than none. A stream that was closed gets the place where nothing is kept: otherwise the
    next file that is opened, as the store, would be taken for it.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def check_out(path: Path, suffixes: Iterable[str]) -> None:
    """Raise `ValueError` where no file of these kinds can be made: before work is done for it."""
    if path.suffix.lower() not in suffixes:
        raise ValueError(f"--out must end in {', '.join(suffixes)}, got {path.name!r}")
    check_place(path)


def check_place(path: Path) -> None:
    """Raise `ValueError` where no file can be made."""
    name = os.fsencode(path.name)
    if b"\0" in os.fsencode(path) or len(name) > 255:
        raise ValueError(f"--out: no file can have the name {path.name[:MOST_NAME]!r}")
    if not path.absolute().parent.is_dir():
        raise ValueError(f"--out: there is no folder {str(path.parent)!r}")


def line_of(error: BaseException) -> str:
    """An error as one line that can be printed."""
    text = str(error)
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        name = str(error.filename)
        name = name if len(name) <= MOST_NAME else f"{name[: MOST_NAME - 1]}…"
        text = f"{error.strerror}: {name!r}"
    line = " ".join(text.split()) or type(error).__name__
    line = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in line)
    return line if len(line) <= MOST else f"{line[: MOST - 1]}…"


def complain(error: BaseException) -> None:
    """Say on stderr what was wrong; where nobody listens, nothing."""
    with suppress(OSError, ValueError):
        print(f"optviz: {line_of(error)}", file=sys.stderr, flush=True)


def let_go() -> None:
    """What is still to be written goes nowhere: the reader has gone, or the disk is full."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)
