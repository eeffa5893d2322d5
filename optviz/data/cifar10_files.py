"""CIFAR-10's batch files, in both official layouts, from a folder on this computer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from optviz.data.base import Data
from optviz.data.unpickle import MAX_BYTES, UnsafePickleError, read_pickle
from optviz.folders import expanded

CLASS_NAMES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
TRAIN_BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST_BATCH = "test_batch"
PIXELS = 3 * 32 * 32  # bytes of an image: red, then green, then blue, each row by row
OFFICIAL_ROWS = 10_000  # images in each file of the official release


class Batch(NamedTuple):
    x: np.ndarray  # (N, PIXELS) uint8
    y: np.ndarray  # (N,) uint8


class Layout(NamedTuple):
    folder: str  # its name in the official archive
    suffix: str
    read: Callable[[Path], Batch]


def load_directory(directory: str | Path, note: str = "") -> Data:
    """All images of a folder that holds the batch files, or of its parent.

    The training files must hold equally many images. Official files hold 10,000 each; smaller
    sets of one's own may hold fewer, and another number in the test file.

    Args:
        directory: the folder, or the one above it.
        note: the terms of the images, kept with them.

    Raises:
        ValueError: one line that names the file: missing, cut short, not of the layout, or with a
            label outside 0..9.
    """
    try:
        folder, layout = _find(expanded(directory))
    except OSError as error:
        raise ValueError(
            f"data folder {str(directory)!r} cannot be read: {error.strerror}"
        ) from None
    names = [name + layout.suffix for name in (*TRAIN_BATCHES, TEST_BATCH)]
    if missing := [name for name in names if not (folder / name).is_file()]:
        raise ValueError(f"{folder} lacks {', '.join(missing)}")
    batches = {}
    for name in names:
        try:
            batches[name] = layout.read(folder / name)
        except OSError as error:
            raise ValueError(f"{folder / name} cannot be read: {error.strerror}") from None
    _check(folder, batches)
    *train, test = batches.values()
    return Data(
        _images(batch.x for batch in train),
        np.concatenate([batch.y for batch in train]),
        _images([test.x]),
        test.y,
        CLASS_NAMES,
        note,
    )


def _find(directory: Path) -> tuple[Path, Layout]:
    """The folder with the batch files, and their layout."""
    if not directory.is_dir():
        what = "is not a folder" if directory.exists() else "does not exist"
        raise ValueError(f"data folder {str(directory)!r} {what}")
    for layout in LAYOUTS:
        for folder in (directory, directory / layout.folder):
            names = (name + layout.suffix for name in (*TRAIN_BATCHES, TEST_BATCH))
            if any((folder / name).is_file() for name in names):
                return folder, layout
    folders = " or ".join(layout.folder for layout in LAYOUTS)
    raise ValueError(
        f"no CIFAR-10 batch files (data_batch_1.bin or data_batch_1) in {str(directory)!r} "
        f"or its subfolder {folders}"
    )


def _read_binary(path: Path) -> Batch:
    """Records of one label byte and PIXELS bytes."""
    record, size = PIXELS + 1, _size(path)
    if size == 0 or size % record:
        raise ValueError(
            f"{path} is cut short: expected a multiple of {record} bytes "
            f"({OFFICIAL_ROWS * record} in the official files), got {size}"
        )
    records = np.fromfile(path, np.uint8).reshape(-1, record)
    return Batch(records[:, 1:], records[:, 0])


def _size(path: Path) -> int:
    """Bytes of a file, before any of them is read: a file may claim more than a disk holds."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ValueError(
            f"{path} is too large: batch files may have {MAX_BYTES:,} bytes, got {size:,}"
        )
    return size


def _read_python(path: Path) -> Batch:
    """A pickled dict with `data` and `labels`."""
    _size(path)
    try:
        record = read_pickle(path.read_bytes())
    except UnsafePickleError as error:
        raise ValueError(f"{path} is refused: {error}") from None
    record = record if isinstance(record, dict) else {}
    x, labels = record.get("data"), record.get("labels")
    if not isinstance(x, np.ndarray) or x.dtype != np.uint8 or x.ndim != 2 or x.shape[1] != PIXELS:
        raise ValueError(f"{path}: 'data' must be an array of N x {PIXELS} bytes")
    if isinstance(labels, np.ndarray) and labels.ndim == 1:
        labels = labels.tolist()
    if not isinstance(labels, list) or not all(type(label) is int for label in labels):
        raise ValueError(f"{path}: 'labels' must be a list of whole numbers")
    if len(labels) != len(x) or not labels:
        raise ValueError(f"{path} is cut short: {len(x)} images but {len(labels)} labels")
    _check_labels(path, labels)
    return Batch(x, np.array(labels, np.uint8))


LAYOUTS = (
    Layout("cifar-10-batches-bin", ".bin", _read_binary),
    Layout("cifar-10-batches-py", "", _read_python),
)


def _check_labels(path: Path, labels: Iterable[int]) -> None:
    for index, label in enumerate(labels):
        if not 0 <= label < len(CLASS_NAMES):
            raise ValueError(f"{path}: labels must lie in 0..9, got {label} at image {index}")


def _check(folder: Path, batches: Mapping[str, Batch]) -> None:
    """Every label is a class, and no file holds fewer images than it should."""
    rows = {name: len(batch.y) for name, batch in batches.items()}
    *train, test = rows
    expected = max(rows[name] for name in train)
    held = train if expected != OFFICIAL_ROWS else [*train, test]
    for name in held:
        if rows[name] != expected:
            raise ValueError(
                f"{folder / name} is cut short: expected {_amount(name, expected)} as in the "
                f"other files, got {_amount(name, rows[name])}"
            )
    for name, batch in batches.items():
        if batch.y.max() >= len(CLASS_NAMES):
            _check_labels(folder / name, batch.y.tolist())


def _amount(name: str, rows: int) -> str:
    binary = f" ({rows * (PIXELS + 1)} bytes)" if name.endswith(".bin") else ""
    return f"{rows} images{binary}"


def _images(batches: Iterable[np.ndarray]) -> np.ndarray:
    """(N, 32, 32, 3) from channel-first rows."""
    rows = np.concatenate(list(batches)).reshape(-1, 3, 32, 32)
    return np.ascontiguousarray(rows.transpose(0, 2, 3, 1))
