"""Numbers about the training images that every network's input is normalised with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Moments(NamedTuple):
    """What is taken from an image, and what the rest is divided by, on the scale 0..255."""

    mean: np.ndarray  # (1, 1, 1, 3) float32, or (1, h, w, 3): an image
    std: np.ndarray  # (1, 1, 1, 3) float32, at least 1, so that a blank channel stays finite


def moments(images: np.ndarray, normalise: str) -> Moments:
    """What images (N, h, w, 3) uint8 are normalised with.

    Args:
        normalise: "mean_std": each channel to zero mean and unit spread; "mean": each channel to
            zero mean; "mean_image": less the mean image; "none". But for the first, pixels are
            divided by 255.
    """
    mean, std = (part.reshape(1, 1, 1, -1) for part in channel_moments(images))
    if normalise == "mean_std":
        return Moments(mean, std)
    if normalise == "mean_image":
        mean = images.mean(axis=0, dtype=np.float64, keepdims=True).astype(np.float32)
    elif normalise == "none":
        mean = np.zeros_like(mean)
    return Moments(mean, np.full_like(std, 255))


def channel_moments(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (3,) over all pixels of images (N, h, w, 3) uint8."""
    values = np.arange(256)
    counts = np.zeros((images.shape[-1], 256), np.int64)
    for block in np.array_split(images, -(-len(images) // 500)):  # counting exactly, block by block
        for channel, total in enumerate(counts):
            total += np.bincount(block[..., channel].ravel(), minlength=256)
    pixels = counts.sum(axis=1)
    mean = counts @ values / pixels
    variance = counts @ values**2 / pixels - mean**2
    std = np.maximum(np.sqrt(np.maximum(variance, 0)), 1)
    return mean.astype(np.float32), std.astype(np.float32)
