"""Where optviz keeps things on this computer, and files that are whole or not there."""

import os
import secrets
from pathlib import Path


def cache() -> Path:
    """What can be made or fetched again: `$OPTVIZ_CACHE`, else the user's cache of the system."""
    return Path(os.environ.get("OPTVIZ_CACHE") or _of_system("cache"))


def home() -> Path:
    """Trainings: `$OPTVIZ_HOME`, else the user's data folder of the system."""
    return Path(os.environ.get("OPTVIZ_HOME") or _of_system("data"))


def replace_file(path: Path, content: bytes) -> None:
    """Write so that a reader, or a crash, finds the old file or the new one and nothing between.

    Raises:
        OSError: it could not be written; the old file is as it was.
    """
    scratch = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with scratch.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)
    if os.name == "posix":  # so that the new name outlives a power cut too
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _of_system(kind: str) -> str:
    import platformdirs  # a machine without it names its folders

    return getattr(platformdirs, f"user_{kind}_dir")("optviz")
