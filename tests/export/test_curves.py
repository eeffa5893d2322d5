"""What is taken away holds every number that was told, and what opens it opens it."""

import json
import math
import time
from functools import partial

import numpy as np
import pandas as pd
import pytest
from made_training import PER_EPOCH, falling, spec, started, tell

from optviz.engine.training.events import TrainResult
from optviz.export import curves
from optviz.export.curves import epochs_frame, layers_frame, steps_frame, write
from optviz.export.tensorboard import folders

ASKED = spec("adam:learning_rate=0.01@cosine", "random_search", seeds=2, vary=("batch_size=10",))


@pytest.fixture(scope="module")
def result() -> TrainResult:
    result = started(ASKED)
    for run in range(8):
        steps = 73 if run == 3 else 150
        losses = falling(steps, seed=run).astype(np.float32)
        tell(result, run, losses, grad_norms=losses / 7, diverges=run == 3)
    return result


def test_steps(result):
    frame = steps_frame(result)
    assert frame.columns.tolist() == [
        *("label", "group", "run", "arm", "seed", "step", "epoch", "samples", "seconds"),
        *("loss", "grad_norm", "learning_rate"),
    ]
    assert len(frame) == 7 * 150 + 73
    for run, part in frame.groupby("run"):
        told, member = result.runs[run], ASKED.members()[run]
        assert part["loss"].tolist() == told.losses
        assert part["grad_norm"].astype(float).tolist() == told.grad_norms
        assert part["step"].tolist() == list(range(len(told.losses)))
        assert set(part["label"]) == {member.label}
        assert set(part["arm"]) == {member.arm}
        assert set(part["seed"]) == {member.seed}
        assert part["learning_rate"].isna().all() == (member.run == 1)
    assert frame["learning_rate"].max() == np.float32(0.01)
    assert set(frame["group"]) == {
        *("Adam", "Random search", "Adam · batch size 10", "Random search · batch size 10")
    }


def test_epochs(result):
    frame = epochs_frame(result)
    assert frame.columns.tolist() == [
        *("label", "group", "run", "arm", "seed", "epoch", "step", "samples", "clock"),
        *("train_loss", "train_accuracy", "val_loss", "val_accuracy", "seconds"),
        *("mean_loss", "mean_accuracy"),
    ]
    assert frame["run"].value_counts().to_dict() == dict.fromkeys(range(8), 3) | {3: 1}
    first = frame[frame["run"] == 0]
    assert first["epoch"].tolist() == [1, 2, 3]
    assert first["step"].tolist() == [50, 100, 150]
    assert first["val_loss"].tolist() == [epoch.val_loss for epoch in result.runs[0].epochs]


def test_layers(result):
    frame = layers_frame(result)
    first = frame[(frame["run"] == 0) & (frame["step"] == 10)]
    assert first["layer"].tolist() == ["hidden_0", "output", "hidden_0"]
    np.testing.assert_array_equal(first["update_ratio"], [1e-3, 1e-3, np.nan])
    np.testing.assert_array_equal(first["dead"], [np.nan, np.nan, 0.0])


def test_before_anything_is_told(tmp_path):
    for result in (TrainResult.empty(ASKED), started(ASKED)):
        for frame in (steps_frame, epochs_frame, layers_frame):
            assert len(frame(result)) == 0
        for name in ("a.csv", "a.parquet", "a.json"):
            assert all(path.exists() for path in write(result, tmp_path / name))


# As text, which NumPy reads exactly: older versions of pandas are off by a last bit.
read_csv = partial(pd.read_csv, dtype=str)


@pytest.mark.parametrize(("suffix", "read"), [(".csv", read_csv), (".parquet", pd.read_parquet)])
def test_tables_are_read_back(result, tmp_path, suffix, read):
    paths = write(result, tmp_path / f"curves{suffix}")
    assert [path.name for path in paths] == [
        f"curves{ending}{suffix}" for ending in ("", "-epochs", "-layers")
    ]
    for path, frame in zip(paths, (steps_frame, epochs_frame, layers_frame), strict=True):
        wanted, found = frame(result), read(path)
        assert found.columns.tolist() == wanted.columns.tolist()
        for name in wanted:
            if wanted[name].dtype.kind in "fi":
                exact = found[name].to_numpy().astype(wanted[name].dtype)
                np.testing.assert_array_equal(exact, wanted[name])
            else:
                assert found[name].fillna("").tolist() == wanted[name].tolist()


def test_json(result, tmp_path):
    (path,) = write(result, tmp_path / "curves.json")
    runs = json.loads(path.read_text("utf-8"))["runs"]
    assert [run["losses"] for run in runs] == [run.losses for run in result.runs]
    assert [len(run["learning_rates"]) for run in runs] == [150, 150, 0, 0] * 2
    assert runs[0]["layers"][0] == {
        "step": 0,
        "update_ratios": {"hidden_0": 1e-3, "output": 1e-3},
        "dead": {"hidden_0": 0.0},
    }
    assert runs[3]["outcome"] == "diverged"


def test_tensorboard_opens_it(result, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    before = time.time()
    assert write(result, tmp_path / "board") == [tmp_path / "board"]
    names = sorted(path.name for path in (tmp_path / "board").iterdir())
    assert names == sorted(folders(ASKED.labels))
    for run, name in enumerate(folders(ASKED.labels)):
        told = result.runs[run]
        board = EventAccumulator(str(tmp_path / "board" / name), size_guidance={"scalars": 0})
        board.Reload()

        def values(tag, board=board):
            return {event.step: event.value for event in board.Scalars(tag)}

        def single(numbers):
            return [float(np.float32(number)) for number in numbers]

        assert list(values("loss/train").items()) == list(enumerate(single(told.losses)))
        assert list(values("gradient norm").values()) == single(told.grad_norms)
        epochs = [epoch for epoch in told.epochs if epoch.val_loss is not None]
        for tag, number in {
            "loss/validation": "val_loss",
            "accuracy/validation": "val_accuracy",
            "accuracy/train": "train_accuracy",
            "accuracy/train, mean of the epoch": "mean_accuracy",
            "loss/train, tested": "train_loss",
        }.items():
            found = values(tag)
            assert list(found) == [(epoch.epoch + 1) * PER_EPOCH for epoch in epochs]
            assert list(found.values()) == single(getattr(epoch, number) for epoch in epochs)
        assert list(values("update ratio/output")) == [look.step for look in told.layers]
        assert set(values("update ratio/output").values()) == set(single([1e-3]))
        assert set(values("dead units/hidden_0").values()) == {0.0}
        has_rate = ASKED.members()[run].run == 0
        assert ("learning rate" in board.Tags()["scalars"]) == has_rate
        if has_rate:
            assert values("learning rate")[0] == np.float32(0.01)
        walls = [event.wall_time for event in board.Scalars("loss/train")]
        assert walls == sorted(walls)
        last = board.Scalars("loss/validation")[-1].wall_time
        assert last - walls[0] == pytest.approx(told.epochs[-1].clock, abs=0.5)
        assert last <= before + 60
        (text,) = board.Tensors("settings/text_summary")
        assert b"rule.learning_rate" in text.tensor_proto.string_val[0] or not has_rate


def test_event_files_are_not_mixed(result, tmp_path):
    write(result, tmp_path / "board.tb")
    with pytest.raises(ValueError, match="holds TensorBoard's event files already"):
        write(result, tmp_path / "board.tb")


def test_folders_are_names_and_all_different():
    labels = ["Adam · seed 0", "Adam / seed 0", "adam _ seed 0", "../..", "Σ", "a" * 3]
    names = folders(labels)
    assert len({name.lower() for name in names}) == len(labels)
    assert not [name for name in names if "/" in name or name.startswith(".")]
    assert names[0] == "Adam_seed_0"


def test_where_it_cannot_be_written(result, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"^curves are written as .csv, .parquet, .json, or .tb"):
        write(result, tmp_path / "curves.xlsx")
    with pytest.raises(ValueError, match=r"^no folder '.*missing' to write 'a.csv' into$"):
        write(result, tmp_path / "missing" / "a.csv")
    monkeypatch.setattr(curves, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"^Parquet needs the package pyarrow: pip install"):
        write(result, tmp_path / "curves.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_gradient_that_is_not_finite(tmp_path):
    told = tell(started(spec("sgd")), 0, falling(10), grad_norms=[1.0] * 9 + [math.inf])
    (path,) = write(told, tmp_path / "a.json")
    assert json.loads(path.read_text("utf-8"))["runs"][0]["grad_norms"][-1] is None
    assert np.isinf(pd.read_csv(write(told, tmp_path / "a.csv")[0])["grad_norm"].iloc[-1])
