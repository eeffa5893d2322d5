"""From a data set to batches: split, order, and the arrays that live on the device."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, ArrayLike, Float32, Int32, UInt8

from optviz.data.base import Data
from optviz.data.preprocessing import moments
from optviz.specs.training import TrainingSettings

SAMPLE = 5_000  # training images that are tested at most: accuracies to 0.7 points, one in three


class Images(NamedTuple):
    """Images on the device, as stored, with what normalises them."""

    x: UInt8[Array, "images height width channels"]
    y: UInt8[Array, " images"]
    mean: Float32[Array, "1 rows columns channels"]  # of one pixel, or of each
    std: Float32[Array, "1 1 1 channels"]


class Batch(NamedTuple):
    """Which images a step sees. Short batches are filled up, so that one program serves all."""

    chosen: Int32[ArrayLike, " batch"]  # into the training images
    size: Int32[ArrayLike, ""]  # how many of them, from the first on, count


class Split(NamedTuple):
    """Images to train with and images to test with, the latter in one array: one program."""

    train: Images
    tested: Images  # those to validate with, then the sample of the training images
    num_validation: int

    @property
    def num_sample(self) -> int:
        """How many training images are tested."""
        return self.tested.y.size - self.num_validation

    @property
    def validation(self) -> Images:
        x, y, mean, std = self.tested
        return Images(x[: self.num_validation], y[: self.num_validation], mean, std)


class Splits:
    """Splits of one data set, each put on the device once."""

    def __init__(self, data: Data) -> None:
        self._data, self._known = data, {}

    def of(self, spec: TrainingSettings) -> Split:
        """See `split`."""
        asked = spec.validation, spec.limit, spec.normalise
        if asked not in self._known:
            self._known[asked] = split(self._data, spec)
        return self._known[asked]


def split(data: Data, spec: TrainingSettings) -> Split:
    """Set validation images aside, take the first `limit` of the others, and normalise both alike.

    The moments are those of the training images before `limit`, so that a training on few images
    sees them as a training on all does. Of these, the sample is drawn once for all seeds: all of
    them, or SAMPLE.

    Raises:
        ValueError: nothing is left to train or to validate with.
    """
    train_x, train_y = data.train_x, data.train_y
    test_x, test_y = data.test_x, data.test_y
    if spec.validation is not None:
        # The same images whatever the seed of the run, so that runs with other seeds compare.
        order = np.random.default_rng(0).permutation(len(train_x))
        aside = np.zeros(len(train_x), bool)
        aside[order[: spec.num_aside(len(train_x))]] = True
        test_x, test_y = train_x[aside], train_y[aside]
        train_x, train_y = train_x[~aside], train_y[~aside]
    spec.check_split(len(train_x), len(test_x))
    taken = [jax.device_put(value) for value in moments(train_x, spec.normalise)]
    train_x, train_y = train_x[: spec.limit], train_y[: spec.limit]
    chosen = np.sort(np.random.default_rng(1).permutation(len(train_x))[:SAMPLE])
    tested_x, tested_y = (
        np.concatenate([held_out, trained[chosen]])
        for held_out, trained in ((test_x, train_x), (test_y, train_y))
    )
    return Split(
        Images(jax.device_put(train_x), jax.device_put(train_y), *taken),
        Images(jax.device_put(tested_x), jax.device_put(tested_y), *taken),
        len(test_y),
    )


def num_batches(count: int, batch_size: int) -> int:
    return -(-count // batch_size)


def batches(count: int, batch_size: int, seed: int, epoch: int, skip: int = 0) -> Iterator[Batch]:
    """The batches of one epoch but for the first `skip`: the same for every optimizer.

    The order depends on nothing but the arguments, so that a run may be resumed anywhere.
    """
    order = np.random.default_rng([seed, epoch]).permutation(count).astype(np.int32)
    for start in range(skip * batch_size, count, batch_size):
        chosen = order[start : start + batch_size]
        # A short batch is filled up, so that one program serves all; what fills it does not count.
        yield Batch(np.resize(chosen, batch_size), np.int32(len(chosen)))
