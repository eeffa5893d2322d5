"""Tiny CIFAR-10 folders in both official layouts, as the tests need them."""

import struct
from pathlib import Path

import numpy as np

NAMES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]


def batches(rows: int = 4, seed: int = 0) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """File name -> rows (rows, 3072) uint8 and labels (rows,)."""
    rng = np.random.default_rng(seed)
    return {
        name: (rng.integers(0, 256, (rows, 3072), np.uint8), rng.integers(0, 10, rows, np.uint8))
        for name in NAMES
    }


def write_binary(parent: Path, files: dict[str, tuple[np.ndarray, np.ndarray]]) -> Path:
    folder = parent / "cifar-10-batches-bin"
    folder.mkdir()
    for name, (x, y) in files.items():
        (folder / f"{name}.bin").write_bytes(np.concatenate([y[:, None], x], axis=1).tobytes())
    return folder


def write_python(parent: Path, files: dict[str, tuple[np.ndarray, np.ndarray]]) -> Path:
    folder = parent / "cifar-10-batches-py"
    folder.mkdir()
    for name, (x, y) in files.items():
        (folder / name).write_bytes(python2_pickle(x, y.tolist()))
    return folder


def python2_pickle(x: np.ndarray, labels: list[int]) -> bytes:
    """What Python 2 wrote into the official archive, instruction by instruction."""

    def short(text: str) -> bytes:
        return b"U" + bytes([len(text)]) + text.encode()

    rows, columns = x.shape
    return b"".join(
        [
            b"\x80\x02}q\x01(" + short("batch_label") + b"q\x02" + short("training batch 1 of 5"),
            short("labels") + b"](" + b"".join(b"K" + bytes([v]) for v in labels) + b"e",
            short("data") + b"cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\n",
            b"K\x00\x85U\x01b\x87R(K\x01",
            b"M" + struct.pack("<H", rows) + b"M" + struct.pack("<H", columns) + b"\x86",
            b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNN",
            b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89",
            b"T" + struct.pack("<I", x.nbytes) + x.tobytes() + b"tb",
            short("filenames") + b"](" + short("a.png") * rows + b"eu.",
        ]
    )
