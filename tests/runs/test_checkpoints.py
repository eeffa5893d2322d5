"""Checkpoints come back as they were, or not at all."""

import random

import numpy as np
import pytest

from optviz.data import Synthetic
from optviz.engine.training.snapshots import Snapshot, check, fingerprint
from optviz.networks import Linear
from optviz.runs.checkpoints import Checkpoint, clean, find, path_of, read, write
from optviz.specs.run import Run
from optviz.specs.training import Training

ARRAYS = {
    "['params']['w'] / é": np.arange(12, dtype=np.float32).reshape(3, 4),
    "key": np.array([1, 2**32 - 1], np.uint32),
    "count": np.array(7, np.int32),
    "nothing": np.zeros((0, 3), bool),
    "odd": np.array([np.nan, -0.0, np.inf], np.float32),
}
SNAPSHOT = Snapshot(7, 1, 0.25, 0.125, (0.5, None), "running", -1, "linear, adam, 00", ARRAYS)
KEPT = Checkpoint(SNAPSHOT, 3)


def same(found, kept=KEPT):
    plain = found.snapshot._replace(arrays={}) == kept.snapshot._replace(arrays={})
    ours, theirs = kept.snapshot.arrays, found.snapshot.arrays
    return (
        plain
        and found.events == kept.events
        and list(ours) == list(theirs)
        and all(ours[n].dtype == theirs[n].dtype for n in ours)
        and all(ours[n].shape == theirs[n].shape for n in ours)
        and all(ours[n].tobytes() == theirs[n].tobytes() for n in ours)
    )


def test_round_trip(tmp_path):
    path = path_of(tmp_path / "new", 3)
    write(path, KEPT)
    assert same(read(path))
    write(path, KEPT._replace(events=9))
    assert read(path).events == 9
    assert list(path.parent.iterdir()) == [path]  # no scratch files


def test_damaged_files_are_noticed(tmp_path):
    path, rng = tmp_path / "0.npz", random.Random(0)
    write(path, KEPT)
    whole = path.read_bytes()
    for trial in range(300):
        broken = bytearray(whole)
        if trial % 3:
            broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
        else:
            del broken[rng.randrange(len(broken)) :]
        path.write_bytes(broken)
        said = []
        found = find(tmp_path, 1, {0: 3}, said.append)
        assert same(found[0]) if found else "0.npz is damaged" in said[0]  # or the bit was idle


def test_only_what_can_be_gone_on_from_is_found(tmp_path):
    for member in range(3):
        write(path_of(tmp_path, member), KEPT)
    path_of(tmp_path, 1).write_bytes(b"")
    said = []
    found = find(tmp_path, 5, {0: 3, 1: 3, 2: 2}, said.append)
    assert list(found) == [0]
    assert len(said) == 2
    assert "run 2 is of no use, so the run starts over: 1.npz is damaged" in said[0]
    assert "run 3 is of no use, so the run starts over: it is newer than the curves" in said[1]


def test_no_code_is_run(tmp_path):
    path = tmp_path / "0.npz"
    np.savez(path, meta=np.array([print], object))
    with pytest.raises(ValueError, match="is damaged"):
        read(path)


def test_packed_files_are_refused(tmp_path):
    """A gigabyte of zeros in a megabyte."""
    write(path_of(tmp_path, 0), KEPT)
    with np.load(path_of(tmp_path, 0)) as whole:
        arrays = dict(whole)
    np.savez_compressed(path_of(tmp_path, 0), **arrays)
    with pytest.raises(ValueError, match="is damaged"):
        read(path_of(tmp_path, 0))


def test_only_scratch_files_are_cleaned_up(tmp_path):
    kept = {".bashrc", ".0badcafe0badcafe.txt", "0.npz", ".npz"}
    for name in (*kept, ".0badcafe0badcafe.npz", ".12.npz.4711.0badcafe"):
        (tmp_path / name).touch()
    clean(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == kept


@pytest.mark.parametrize(
    "change",
    [
        {"step": -1},
        {"step": "7"},
        {"epoch": 1.5},
        {"clock": "now"},
        {"val_losses": ("x",)},
        {"outcome": "won"},
        {"diverged_at": None},
        {"fingerprint": 5},
    ],
)
def test_fields_of_other_types_are_refused(tmp_path, change):
    write(path_of(tmp_path, 0), Checkpoint(SNAPSHOT._replace(**change), 3))
    with pytest.raises(ValueError, match="is damaged"):
        read(path_of(tmp_path, 0))


def test_arrays_of_other_shapes_are_refused():
    spec = Training(Synthetic(), Linear(), Run.parse("adam"))
    like = {"w": np.zeros((2, 3), np.float32)}
    right = SNAPSHOT._replace(fingerprint=fingerprint(spec, like), arrays=like)
    check(right, spec, like)
    for arrays in ({}, {"w": np.zeros((3, 2), np.float32)}, {"w": np.zeros((2, 3))}):
        with pytest.raises(ValueError, match="arrays have other shapes than this network's"):
            check(right._replace(arrays=arrays), spec, like)
