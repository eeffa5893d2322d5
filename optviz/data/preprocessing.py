"""Numbers about the training images that every network's input is normalised with."""

from typing import NamedTuple

import numpy as np


class Moments(NamedTuple):
    mean: np.ndarray  # (3,) float32, per channel, on the scale 0..255
    std: np.ndarray  # (3,) float32, at least 1, so that a blank channel stays finite


def channel_moments(images: np.ndarray) -> Moments:
    """Per-channel mean and standard deviation over all pixels of images (N, h, w, 3) uint8."""
    values = np.arange(256)
    counts = np.zeros((images.shape[-1], 256), np.int64)
    for block in np.array_split(images, -(-len(images) // 500)):  # counting exactly, block by block
        for channel, total in enumerate(counts):
            total += np.bincount(block[..., channel].ravel(), minlength=256)
    pixels = counts.sum(axis=1)
    mean = counts @ values / pixels
    variance = counts @ values**2 / pixels - mean**2
    std = np.maximum(np.sqrt(np.maximum(variance, 0)), 1)
    return Moments(mean.astype(np.float32), std.astype(np.float32))
