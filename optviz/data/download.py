"""Downloads into the user's cache folder: checked, shown, and resumed where they broke off."""

from __future__ import annotations

import http.client
import os
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from optviz.data.base import Progress

CHUNK = 1 << 18  # bytes
ATTEMPTS = 3  # each goes on where the one before broke off
TIMEOUT = 30.0  # seconds without a byte


class DownloadError(ValueError):
    """A download that did not come to its end; what has come is kept for the next try."""


def fetch_archive(
    url: str, checksum: str, member: str, folder: Path, progress: Progress | None = None
) -> Path:
    """Download a tar archive, check it, and unpack one of its folders.

    Args:
        url: of the archive.
        checksum: `md5:...` or `sha256:...`.
        member: the folder in the archive that is wanted.
        folder: where it goes.
        progress: called with (bytes so far, bytes in all).

    Returns:
        The unpacked folder. It appears at once and whole, or not at all.

    Raises:
        DownloadError: one line; the connection broke, or the checksum is wrong.
    """
    target = folder / member
    if target.is_dir():
        return target
    name = url.rsplit("/", 1)[-1]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        archive = _retrieve(url, checksum, name, folder, progress)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            with tarfile.open(archive) as tar:
                inside = [m for m in tar if m.name.split("/")[0] == member]
                tar.extractall(scratch, members=inside, filter="data")
            os.replace(Path(scratch) / member, target)
        Path(archive).unlink()
    except (OSError, tarfile.TarError) as error:
        raise DownloadError(f"{name}: {_first_line(error)}") from None
    return target


def _retrieve(url: str, checksum: str, name: str, folder: Path, progress: Progress | None) -> str:
    import pooch  # not on every machine that trains: it is needed for downloads alone

    part = folder / f"{name}.part"

    def downloader(fname: Any, action: Any, pooch: Any, *, check_only: Any = None) -> None:
        """What pooch calls to get the url `fname` into the file `action`, which it then checks."""
        _resume(fname, part, progress)
        os.replace(part, action)

    try:
        pooch.get_logger().setLevel("WARNING")  # progress goes to the caller, not to stderr
        return pooch.retrieve(url, checksum, name, folder, downloader=downloader)
    except DownloadError:
        raise
    except ValueError:  # pooch's, after it has deleted the file
        raise DownloadError(
            f"{name}: the checksum is not {checksum}; the file was deleted, try again"
        ) from None


def _resume(url: str, part: Path, progress: Progress | None) -> None:
    """Bring `part` to its full length, going on from what it holds."""
    reason = ""
    for attempt in range(ATTEMPTS):
        try:
            return _transfer(url, part, progress)
        except urllib.error.HTTPError as error:
            if error.code < 500:
                raise DownloadError(f"{url}: the server says {error.code} {error.reason}") from None
            reason = f"{error.code} {error.reason}"
        except (OSError, http.client.HTTPException) as error:
            reason = _first_line(getattr(error, "reason", error))
        if attempt + 1 < ATTEMPTS:
            time.sleep(0.5 * 2**attempt)
    have = part.stat().st_size if part.exists() else 0
    raise DownloadError(
        f"{url}: interrupted after {have} bytes ({reason}); the next try goes on from there"
    )


def _transfer(url: str, part: Path, progress: Progress | None) -> None:
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # nothing left to send: the checksum will judge
            return
        raise
    with response, part.open("ab" if response.status == 206 else "wb") as file:
        have = file.tell()
        length = response.headers.get("Content-Length")
        total = have + int(length) if length else 0
        while chunk := response.read(CHUNK):
            file.write(chunk)
            have += len(chunk)
            if progress:
                progress(have, total)
    if have < total:
        raise ConnectionError("connection closed")


def _first_line(error: object) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
