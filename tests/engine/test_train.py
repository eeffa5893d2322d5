"""Training: every rule trains every network, fairly, repeatably, and without compiling again."""

import dataclasses
import math
import threading

import jax
import numpy as np
import pytest

from optviz.data import Synthetic
from optviz.engine.training import data, objective, programs
from optviz.engine.training.data import batches, num_batches, split
from optviz.engine.training.events import (
    EpochEnd,
    RunEnd,
    Started,
    Steps,
    TrainResult,
    from_json,
    to_json,
)
from optviz.engine.training.track import scheduled_knobs
from optviz.engine.training.train import train
from optviz.networks import MLP, LeNet, Linear, ResNet
from optviz.specs.experiment import TrainSpec
from optviz.specs.run import Run

DATASET = Synthetic(num_train=160, num_test=30)
DATA = DATASET.load()
SMALL = MLP(hidden="16")


def asked(*runs: str, network=SMALL, **fields) -> TrainSpec:
    return TrainSpec(DATASET, network, tuple(map(Run.parse, runs)), **{"batch_size": 32, **fields})


def losses(result: TrainResult) -> list[list[float]]:
    return [run.losses for run in result.runs]


def test_same_spec_same_numbers():
    spec = asked("adam", "momentum", network=LeNet(), epochs=2)
    first, again = train(spec, DATA, workers=1), train(spec, DATA, workers=2)
    assert losses(first) == losses(again)
    assert [e[2:7] for e in first.runs[0].epochs] == [e[2:7] for e in again.runs[0].epochs]
    other = train(dataclasses.replace(spec, seed=1), DATA)
    assert losses(other) != losses(first)


def test_company_changes_nothing():
    alone = train(asked("adam", epochs=1), DATA)
    together = train(asked("sgd", "adam", epochs=1), DATA)
    assert losses(together)[1] == losses(alone)[0]


def test_new_values_compile_nothing():
    spec = asked("adam:learning_rate=0.001", epochs=2)
    train(spec, DATA)
    compiled = (
        programs.compiled_gradient(SMALL),
        programs.update,
        objective.compiled_evaluation(SMALL),
    )
    before = [program._cache_size() for program in compiled]
    for run, seed in [
        ("adam:learning_rate=0.5,b1=0.5", 0),
        ("adam:eps=1e-3@cosine", 3),
        ("adam@step@b1~exponential", 2**31 - 1),
    ]:
        train(dataclasses.replace(spec, runs=(Run.parse(run),), seed=seed, epochs=1), DATA)
    assert [program._cache_size() for program in compiled] == before


def test_rules_share_the_gradient():
    train(asked("sgd", epochs=1), DATA)
    before = programs.compiled_gradient(SMALL)._cache_size()
    train(asked("adam", "momentum", "nesterov:form=look_ahead", epochs=1), DATA)
    assert programs.compiled_gradient(SMALL)._cache_size() == before


def test_sgd_by_hand():
    """One step of a linear classifier on a full batch, against plain NumPy."""
    network = Linear(initialiser="zeros")
    spec = asked("sgd:learning_rate=0.5", network=network, batch_size=160, epochs=2)
    result = train(spec, DATA)
    pixels = DATA.train_x.astype(np.float64)
    x = (pixels - pixels.mean((0, 1, 2))) / pixels.std((0, 1, 2))
    x, target = x.reshape(160, -1), np.eye(10)[DATA.train_y]
    error = 0.1 - target  # softmax of zero logits, less the labels
    logits = x @ (-0.5 * x.T @ error / 160) - 0.5 * error.mean(axis=0)
    shifted = logits - logits.max(axis=1, keepdims=True)
    expected = (np.log(np.exp(shifted).sum(axis=1)) - (shifted * target).sum(axis=1)).mean()
    np.testing.assert_allclose(losses(result)[0], [np.log(10), expected], rtol=1e-4)
    assert result.runs[0].epochs[0].mean_accuracy == pytest.approx(0.1)


def test_short_batch_counts_by_its_images():
    """160 images in batches of 60: the last one has 40."""
    result = train(asked("sgd:learning_rate=1e-9", batch_size=60, epochs=1), DATA)
    whole = train(asked("sgd:learning_rate=1e-9", batch_size=160, epochs=1), DATA)
    run, reference = result.runs[0], whole.runs[0]
    assert len(run.losses) == 3
    mean = np.dot(run.losses, [60, 60, 40]) / 160
    assert run.epochs[0].mean_loss == pytest.approx(mean, rel=1e-5)
    assert run.epochs[0].mean_loss == pytest.approx(reference.losses[0], rel=1e-5)
    assert run.epochs[0].train_loss == pytest.approx(reference.losses[0], rel=1e-5)
    assert run.epochs[0].val_loss == pytest.approx(reference.epochs[0].val_loss, rel=1e-5)


def test_a_batch_too_small_for_batch_norm_is_refused_before_the_first_step():
    seen = []
    spec = asked("sgd", network=MLP(hidden="8", batch_norm=True), epochs=1)
    message = (
        r"^batch norm \(Multilayer perceptron\) needs at least 2 images in a batch: with 97 "
        r"images and a batch_size of 32, the last batch of an epoch has 1; take another batch_size "
        r"or limit$"
    )
    with pytest.raises(ValueError, match=message):
        train(dataclasses.replace(spec, limit=97), DATA, seen.append)
    varied = dataclasses.replace(spec, limit=97, vary=("network.batch_norm=false",))
    with pytest.raises(ValueError, match=message):
        train(varied, DATA, seen.append)
    assert seen == []
    with pytest.raises(ValueError, match="needs a batch_size of at least 2, got 1"):
        dataclasses.replace(spec, batch_size=1).check()
    for fields in ({"limit": 98}, {"limit": 96}, {"limit": 97, "batch_size": 97}):
        dataclasses.replace(spec, **fields).check_batches(fields["limit"])
    with_positions = dataclasses.replace(spec, network=ResNet(), batch_size=1)
    with_positions.check()
    with_positions.check_batches(5)


def test_an_epoch_sees_every_image_once():
    seen = []
    for batch in batches(100, 32, seed=3, epoch=1):
        assert batch.chosen.shape == (32,)
        seen += batch.chosen[: batch.size].tolist()
    assert sorted(seen) == list(range(100))
    again = [b.chosen.tolist() for b in batches(100, 32, seed=3, epoch=1)]
    assert np.concatenate(again)[:96].tolist() == seen[:96]
    assert [b.chosen.tolist() for b in batches(100, 32, seed=3, epoch=2)] != again
    assert num_batches(100, 32) == 4


def test_limit_and_validation():
    parts = split(DATA, asked("sgd", limit=7))
    assert (parts.train.y.size, parts.num_validation, parts.num_sample) == (7, 30, 7)
    np.testing.assert_array_equal(parts.validation.x, DATA.test_x)
    np.testing.assert_array_equal(parts.tested.x[30:], DATA.train_x[:7])
    np.testing.assert_array_equal(parts.train.x, DATA.train_x[:7])
    np.testing.assert_array_equal(parts.train.mean, split(DATA, asked("sgd")).train.mean)

    parts = split(DATA, asked("sgd", validation=0.25, limit=50))
    assert (parts.train.y.size, parts.num_validation) == (50, 40)
    everything = split(DATA, asked("sgd", validation=0.25))
    both = np.concatenate([everything.train.x, everything.validation.x]).reshape(160, -1)
    assert len(np.unique(both, axis=0)) == 160
    with pytest.raises(ValueError, match="no image is left to validate with"):
        split(DATA, asked("sgd", validation=0.001))


def test_training_and_validation_are_tested_alike(monkeypatch):
    """The same images as both give the same numbers, at the start and after each epoch.

    Dropout, flips, crops, smoothing and batch norm's batches make training harder; tests are not.
    """
    same = dataclasses.replace(DATA, test_x=DATA.train_x, test_y=DATA.train_y)
    network = MLP(hidden="16", batch_norm=True, dropout=0.5)
    spec = asked("adam", network=network, epochs=2, flip=True, crop=2, label_smoothing=0.1)
    (run,) = train(spec, same).runs
    for told in (run.begun, *run.epochs):
        assert (told.train_loss, told.train_accuracy) == pytest.approx(
            (told.val_loss, told.val_accuracy), rel=1e-5
        )
    assert run.epochs[-1].mean_loss > 1.02 * run.epochs[-1].train_loss
    assert run.begun.train_accuracy < run.epochs[-1].train_accuracy

    monkeypatch.setattr(data, "SAMPLE", 50)
    seen = []
    result = train(asked("sgd", "adam", epochs=1), DATA, seen.append)
    assert result.started.num_sample == [50, 50]
    assert result.to_json()["runs"][0]["num_sample"] == 50
    parts = split(DATA, asked("sgd"))
    chosen = {row.tobytes() for row in np.asarray(parts.tested.x[30:])}
    assert len(chosen) == 50
    assert chosen <= {row.tobytes() for row in DATA.train_x}
    clocks = [e.clock for e in seen if isinstance(e, (Steps, EpochEnd)) and e.run == 0]
    assert clocks[-1] == clocks[-2]  # a test is not training


def test_what_an_older_optviz_told_is_called_what_it_is():
    """It had means over an epoch's batches as training's loss and accuracy."""
    told = EpochEnd("epoch", 0, 1, 0.5, 0.75, 0.4, 0.8, 1.0, 2.0)._asdict()
    older = {name: value for name, value in told.items() if not name.startswith("mean")}
    read = from_json(older)
    assert (read.mean_loss, read.mean_accuracy) == (0.5, 0.75)
    assert (read.train_loss, read.train_accuracy) == (None, None)
    assert (read.val_loss, read.val_accuracy) == (0.4, 0.8)
    assert from_json(to_json(read)) == read


def test_schedules_reach_the_rule():
    run = Run.parse("sgd:learning_rate=0.5@exponential:k=0.1")
    knobs = scheduled_knobs(run, 20, 5)
    np.testing.assert_allclose(knobs["learning_rate"], 0.5 * np.exp(-0.1 * np.arange(20)), 1e-5)
    constant = train(asked("sgd:learning_rate=0.05", epochs=1), DATA)
    falling = train(asked("sgd:learning_rate=0.05@cosine", epochs=1), DATA)
    assert losses(constant)[0][0] == losses(falling)[0][0]
    assert losses(constant)[0][-1] != losses(falling)[0][-1]


def test_a_schedule_that_sees_the_loss_is_told_that_of_validation():
    """No loss is 1,000 below the first, so the rate falls to zero after the second epoch."""
    plateau = "reduce_on_plateau:patience=0,factor=0,threshold=1000,mode=absolute"
    result = train(asked(f"sgd:learning_rate=0.05@{plateau}", "sgd", epochs=4, limit=64), DATA)
    watched, plain = ([epoch.val_loss for epoch in run.epochs] for run in result.runs)
    assert watched[0] != watched[1]
    assert watched[1] == watched[2] == watched[3]
    assert len(set(plain)) == 4


def test_divergence_is_an_outcome():
    result = train(asked("sgd:learning_rate=1e30", "adam", epochs=2), DATA)
    wild, calm = result.runs
    assert wild.outcome == "diverged"
    assert wild.diverged_at == len(wild.losses) >= 1
    assert all(map(math.isfinite, wild.losses))
    assert wild.epochs[-1][3:7] == (None, None, None, None)
    assert calm.outcome == "finished"
    assert len(calm.epochs) == 2
    assert "NaN" not in str(result.to_json())


def test_stopping():
    seen = []

    def stop_in_second_epoch():
        return any(isinstance(event, EpochEnd) for event in seen)

    spec = asked("adam", "sgd", epochs=50)
    result = train(spec, DATA, seen.append, stop_in_second_epoch, workers=1)
    assert {run.outcome for run in result.runs} == {"stopped"}
    assert len(seen[-1:]) == 1
    assert isinstance(seen[-1], RunEnd)
    assert all(len(run.losses) < 50 * 5 for run in result.runs)


def test_events_tell_everything():
    seen = []
    spec = asked("adam", "sgd", epochs=2)
    result = train(spec, DATA, seen.append)
    assert isinstance(seen[0], Started)
    assert (seen[0].num_steps, seen[0].steps_per_epoch) == ([10, 10], [5, 5])
    assert seen[0].num_params == [SMALL.num_params()] * 2
    assert "Synthetic" in seen[0].note

    copy = TrainResult.empty(spec)
    for event in seen:
        copy.add(from_json(to_json(event)))
    np.testing.assert_allclose(losses(copy), losses(result), rtol=1e-5)
    assert copy.to_json() == result.to_json()
    for run in range(2):  # every step once, in order
        steps = [(e.step, len(e.losses)) for e in seen if isinstance(e, Steps) and e.run == run]
        assert [start for start, _ in steps] == np.cumsum([0] + [n for _, n in steps[:-1]]).tolist()


def test_json_form():
    result = train(asked("adam:learning_rate=0.01", epochs=2, network=Linear()), DATA).to_json()
    run = result["runs"][0]
    assert run["label"] == "Adam"
    assert len(run["epochs"]) == 2
    wanted = {"train_loss", "train_accuracy", "val_loss", "val_accuracy", "seconds"}
    assert set(run["epochs"][0]) == wanted
    assert TrainSpec.from_json(run["spec"]).runs == (Run.parse("adam:learning_rate=0.01"),)


def test_float64_callers_get_the_same():
    spec = asked("adam", epochs=1)
    expected = losses(train(spec, DATA))
    with jax.enable_x64(True):
        assert losses(train(spec, DATA)) == expected
    found = []
    thread = threading.Thread(target=lambda: found.append(losses(train(spec, DATA))))
    thread.start()
    thread.join()
    assert found == [expected]
