"""A training in this process, from files and from memory."""

import dataclasses
import os
from pathlib import Path

import pytest

from optviz.data import Cifar10, Synthetic
from optviz.engine.training.events import Downloading
from optviz.networks import LeNet, Linear
from optviz.runs.training import run_training
from optviz.specs.experiment import TrainSpec
from optviz.specs.run import Run

SPEC = TrainSpec(Synthetic(num_train=64, num_test=20), Linear(), (Run.parse("adam"),), epochs=1)


def test_synthetic():
    seen = []
    result = run_training(SPEC, seen.append)
    assert result.runs[0].outcome == "finished"
    assert result.started is not None
    assert "Synthetic" in result.started.note
    assert not any(isinstance(event, Downloading) for event in seen)


def test_settings_are_checked_before_files_are_read():
    spec = dataclasses.replace(SPEC, epochs=0, directory="/does/not/exist")
    with pytest.raises(ValueError, match="epochs"):
        run_training(spec)
    with pytest.raises(ValueError, match="data folder '/does/not/exist' does not exist"):
        run_training(dataclasses.replace(spec, epochs=1))


def test_nothing_is_downloaded_unasked(tmp_path, monkeypatch):
    monkeypatch.setenv("OPTVIZ_CACHE", str(tmp_path))
    monkeypatch.setattr(Cifar10, "fetch", lambda *_: pytest.fail("downloaded"))
    with pytest.raises(ValueError, match="not on this computer yet"):
        run_training(dataclasses.replace(SPEC, dataset=Cifar10()))


def test_real_cifar10_reaches_the_reference():
    """2 epochs of LeNet with Adam: PyTorch reaches 51.5% of the test images."""
    where = os.environ.get("OPTVIZ_CIFAR10")
    if not where or not Path(where).is_dir():
        pytest.skip("OPTVIZ_CIFAR10 names no folder with the real batch files")
    runs = (Run.parse("adam:learning_rate=1e-3"),)
    result = run_training(TrainSpec(Cifar10(), LeNet(), runs, epochs=2, directory=where))
    accuracy = result.runs[0].epochs[-1].val_accuracy
    assert accuracy is not None
    assert accuracy >= 0.48
