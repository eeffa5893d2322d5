"""What both sides of the training goldens share: images, first weights, and the order of batches.

Both draw them with NumPy, so that no golden file has to hold them. Needs neither torch nor optviz.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

NUM_CLASSES = 10
IMAGES = 32  # seed of the images: one with which rounding decides nothing


def images(side: int, num_train: int, num_test: int) -> dict[str, np.ndarray]:
    """Noisy pictures (N, side, side, 3) uint8 of ten classes, and their labels (N,) uint8."""
    draw = np.random.default_rng(IMAGES)
    means = draw.uniform(60, 190, (NUM_CLASSES, side, side, 3))
    data = {}
    for part, count in (("train", num_train), ("test", num_test)):
        y = draw.integers(NUM_CLASSES, size=count)
        x = means[y] + 25 * draw.standard_normal((count, side, side, 3))
        data[f"{part}_x"] = np.clip(x, 0, 255).astype(np.uint8)
        data[f"{part}_y"] = y.astype(np.uint8)
    return data


def weights(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """First values of arrays that are named `layer/kind`; kernels are inputs by outputs."""
    draw = np.random.default_rng(11)
    start = {}
    for name in sorted(shapes):
        values = draw.standard_normal(shapes[name])
        if name.endswith("kernel"):
            values *= np.prod(shapes[name][:-1]) ** -0.5
        else:
            values = 0.1 * values + name.endswith("scale")
        start[name] = values.astype(np.float32)
    return start


def batches(count: int, batch_size: int, seed: int, epoch: int) -> Iterator[np.ndarray]:
    """Indices of the images of each step of an epoch; the last batch may be short."""
    order = np.random.default_rng([seed, epoch]).permutation(count)
    for start in range(0, count, batch_size):
        yield order[start : start + batch_size]


def extent(arrays: Mapping[str, np.ndarray], name: str) -> float:
    """What differences in an array are measured by: its largest number, and for batch norm's
    running mean the spread that the mean was taken of, which may be far larger than the mean."""
    layer, _, kind = name.rpartition("/")
    spread = arrays[f"{layer}/variance"].max() ** 0.5 if kind == "mean" else 0.0
    return max(float(np.abs(arrays[name]).max()), float(spread))
