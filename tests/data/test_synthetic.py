"""The generated images: the same for everyone, balanced, and called what they are."""

import time

import numpy as np
import pytest

from optviz.catalog import validate
from optviz.data import DATASETS, Synthetic
from optviz.data.preprocessing import channel_moments


def test_catalogue():
    assert set(DATASETS) >= {"cifar10", "synthetic"}
    for cls in DATASETS.values():
        validate(cls())
        assert len(cls.note) > 20


def test_shapes_and_balance():
    data = Synthetic(num_train=200, num_test=50).load()
    assert data.train_x.shape == (200, 32, 32, 3)
    assert data.train_x.dtype == np.uint8
    np.testing.assert_array_equal(np.bincount(data.train_y), 20)
    np.testing.assert_array_equal(np.bincount(data.test_y), 5)
    assert len(data.class_names) == 10
    assert "Synthetic" in data.note


def test_seed_decides():
    first, again = (Synthetic(num_train=20, num_test=10).load() for _ in range(2))
    other = Synthetic(num_train=20, num_test=10, seed=1).load()
    np.testing.assert_array_equal(first.train_x, again.train_x)
    assert (first.train_x != other.train_x).any()
    assert (first.train_x[:10] != first.test_x).any()


def test_default_is_quick():
    start = time.perf_counter()
    Synthetic(seed=5).load()
    assert time.perf_counter() - start < 10  # about one second on a quiet machine


def test_bounds():
    with pytest.raises(ValueError, match=r"Synthetic.noise must lie in \[0, 1\], got 2"):
        validate(Synthetic(noise=2.0))


def test_moments_are_exact():
    images = np.random.default_rng(0).integers(0, 256, (1203, 4, 4, 3), np.uint8)
    mean, std = channel_moments(images)
    np.testing.assert_allclose(mean, images.mean(axis=(0, 1, 2)), rtol=1e-6)
    np.testing.assert_allclose(std, images.std(axis=(0, 1, 2)), rtol=1e-6)
    _, blank = channel_moments(np.full((1, 4, 4, 3), 7, np.uint8))
    assert blank.tolist() == [1, 1, 1]
