"""Where optviz keeps things on this computer, and files that are whole or not there."""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def cache() -> Path:
    """What can be made or fetched again: `$OPTVIZ_CACHE`, else the user's cache of the system."""
    return Path(os.environ.get("OPTVIZ_CACHE") or _of_system("cache"))


def home() -> Path:
    """Trainings: `$OPTVIZ_HOME`, else the user's data folder of the system."""
    return Path(os.environ.get("OPTVIZ_HOME") or _of_system("data"))


def expanded(path: str | Path) -> Path:
    """The path with `~` and `~user` in words.

    Raises:
        ValueError: there is no such user.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ValueError(f"{str(path)!r} names a user that is not on this computer") from None


def replace_file(path: Path, content: bytes) -> None:
    """Write so that a reader, or a crash, finds the old file or the new one and nothing between.

    Raises:
        OSError: it could not be written; the old file is as it was.
    """
    with replacing(path) as scratch:
        scratch.write_bytes(content)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A new file beside `path` to write to, of the same suffix, which takes its place in the end.

    Where what is done with it raises, as on a full disk, what was there stays as it was. A link
    stays one, and the file that it names is replaced; a pipe or a device is written to itself.
    """
    target = Path(os.path.realpath(path))
    before = target.stat() if target.exists() else None
    if before is not None and not stat.S_ISREG(before.st_mode):
        yield target
        return
    scratch = target.with_name(f".{secrets.token_hex(8)}{target.suffix}")
    try:
        yield scratch
        if before is not None:
            os.chmod(scratch, stat.S_IMODE(before.st_mode))
        with scratch.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(scratch, target)
    finally:
        scratch.unlink(missing_ok=True)
    if os.name == "posix":  # so that the new name outlives a power cut too
        handle = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _of_system(kind: str) -> str:
    import platformdirs  # a machine without it names its folders

    return getattr(platformdirs, f"user_{kind}_dir")("optviz")
