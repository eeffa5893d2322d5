"""CIFAR-10's batch files: both layouts give the same images, and damage is named in one line."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from tiny_cifar10 import NAMES, batches, python2_pickle, write_binary, write_python

from optviz.data.cifar10_files import CLASS_NAMES, load_directory


@pytest.mark.parametrize("write", [write_binary, write_python])
@pytest.mark.parametrize("given", ["folder", "parent"])
def test_images_and_labels_come_back(tmp_path, write, given):
    files = batches()
    folder = write(tmp_path, files)
    data = load_directory(folder if given == "folder" else tmp_path)

    assert data.train_x.shape == (20, 32, 32, 3)
    assert data.test_x.shape == (4, 32, 32, 3)
    assert data.train_x.dtype == data.train_y.dtype == np.uint8
    assert data.class_names == CLASS_NAMES
    x, y = files["data_batch_2"]
    np.testing.assert_array_equal(data.train_y[4:8], y)
    np.testing.assert_array_equal(data.test_y, files["test_batch"][1])
    # Byte c * 1024 + row * 32 + column of a record is channel c.
    for channel, row, column in [(0, 0, 0), (1, 3, 5), (2, 31, 30)]:
        stored = x[:, channel * 1024 + row * 32 + column]
        np.testing.assert_array_equal(data.train_x[4:8, row, column, channel], stored)


def test_pickles_of_today_are_read_too(tmp_path):
    folder = write_python(tmp_path, batches())
    x, y = batches(seed=1)["data_batch_1"]
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        record = {b"data": x, b"labels": y.tolist()}
        (folder / "data_batch_1").write_bytes(pickle.dumps(record, protocol=protocol))
        np.testing.assert_array_equal(load_directory(folder).train_y[:4], y)


def _refused(folder: Path) -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        load_directory(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_missing_folder(tmp_path):
    assert "does not exist" in _refused(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    assert "is not a folder" in _refused(tmp_path / "file")
    assert "no CIFAR-10 batch files" in _refused(tmp_path)


@pytest.mark.parametrize("write", [write_binary, write_python])
def test_missing_file_is_named(tmp_path, write):
    folder = write(tmp_path, batches())
    name = sorted(path.name for path in folder.iterdir())[2]
    (folder / name).unlink()
    assert f"lacks {name}" in _refused(tmp_path)


def test_half_a_binary_file(tmp_path):
    folder = write_binary(tmp_path, batches())
    path = folder / "data_batch_3.bin"
    whole = path.read_bytes()

    path.write_bytes(whole[: len(whole) // 2])  # a whole number of records
    message = _refused(tmp_path)
    assert "data_batch_3.bin is cut short: expected 4 images (12292 bytes)" in message
    assert "got 2 images (6146 bytes)" in message

    path.write_bytes(whole[:5000])
    assert "data_batch_3.bin is cut short: expected a multiple of 3073" in _refused(tmp_path)
    path.write_bytes(b"")
    assert "got 0" in _refused(tmp_path)


def test_half_a_python_file(tmp_path):
    folder = write_python(tmp_path, batches())
    path = folder / "data_batch_3"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "data_batch_3 is refused: damaged or cut short" in _refused(tmp_path)

    x, y = batches()["data_batch_3"]
    path.write_bytes(python2_pickle(x[:2], y.tolist()))
    assert "data_batch_3 is cut short: 2 images but 4 labels" in _refused(tmp_path)
    path.write_bytes(python2_pickle(x[:2], y[:2].tolist()))
    assert "data_batch_3 is cut short: expected 4 images" in _refused(tmp_path)


def test_a_file_of_an_official_set_must_be_whole(tmp_path):
    files = batches(rows=10_000)
    x, y = files["test_batch"]
    write_binary(tmp_path, {**files, "test_batch": (x[:5000], y[:5000])})
    assert "test_batch.bin is cut short: expected 10000 images" in _refused(tmp_path)


@pytest.mark.parametrize("write", [write_binary, write_python])
def test_label_above_nine(tmp_path, write):
    files = batches()
    files["data_batch_5"][1][3] = 10
    folder = write(tmp_path, files)
    message = _refused(folder)
    assert "data_batch_5" in message
    assert "labels must lie in 0..9, got 10 at image 3" in message


@pytest.mark.parametrize(
    "record",
    [
        [],
        {"labels": [1]},
        {"data": np.zeros((1, 3072), np.uint8)},
        {"data": np.zeros((1, 3071), np.uint8), "labels": [1]},
        {"data": np.zeros((1, 3072), np.int32), "labels": [1]},
        {"data": np.zeros((1, 3072), np.uint8), "labels": ["cat"]},
        {"data": np.zeros((0, 3072), np.uint8), "labels": []},
    ],
)
def test_pickles_of_another_shape(tmp_path, record):
    folder = write_python(tmp_path, batches())
    (folder / "data_batch_1").write_bytes(pickle.dumps(record, protocol=2))
    assert "data_batch_1" in _refused(folder)


def test_real_cifar10():
    where = os.environ.get("OPTVIZ_CIFAR10")
    if not where:
        pytest.skip("OPTVIZ_CIFAR10 names no folder with the real batch files")
    data = load_directory(where)
    assert data.train_x.shape == (50_000, 32, 32, 3)
    assert data.test_x.shape == (10_000, 32, 32, 3)
    np.testing.assert_array_equal(np.bincount(data.train_y), 5000)
    np.testing.assert_array_equal(np.bincount(data.test_y), 1000)
    mean = data.train_x.mean(axis=(0, 1, 2)) / 255
    np.testing.assert_allclose(mean, [0.4914, 0.4822, 0.4465], atol=2e-3)  # as often published


def test_names_are_complete():
    assert len(NAMES) == 6


@pytest.mark.parametrize("write", [write_binary, write_python])
def test_a_file_that_claims_more_than_the_memory_holds(tmp_path, write):
    folder = write(tmp_path, batches())
    (file,) = folder.rglob("data_batch_2*")
    os.truncate(file, 20 << 30)  # of which the disk has next to nothing
    with pytest.raises(ValueError, match=r"data_batch_2.* is too large: .* got 21,474,836,480"):
        load_directory(tmp_path)
