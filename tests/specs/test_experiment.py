"""The spec of an experiment: checked in one line, and the same after a link or a file."""

import dataclasses

import numpy as np
import pytest

from optviz.data import Cifar10, Synthetic
from optviz.engine.training.snapshots import fingerprint
from optviz.networks import MLP, LeNet
from optviz.runs.training import parse_data
from optviz.schedules import SCHEDULES
from optviz.specs.experiment import TrainSpec
from optviz.specs.run import Run
from optviz.specs.setting import settings
from optviz.specs.training import Training, TrainingSettings

BASE = TrainSpec(Synthetic(), LeNet(), (Run.parse("adam"),))
RICH = TrainSpec(
    Synthetic(noise=0.1, seed=3),
    MLP(hidden="64-32tanh", activation="elu"),
    (Run.parse("sgd:learning_rate=0.1@cosine"), Run.parse("adam:b1=0.5#mine")),
    epochs=7,
    batch_size=32,
    schedule=SCHEDULES["step"](),
    seed=11,
    limit=100,
    validation=0.25,
)


@pytest.mark.parametrize("spec", [BASE, RICH])
def test_round_trips(spec):
    assert TrainSpec.from_json(spec.to_json()) == spec
    found, problems = TrainSpec.from_query(spec.to_query(), BASE)
    assert found == spec
    assert problems == []
    assert hash(found) == hash(spec)


def test_a_link_never_names_a_file():
    spec = dataclasses.replace(BASE, directory="/etc")
    assert "etc" not in str(spec.to_query())
    found, problems = TrainSpec.from_query({"directory": ["/etc"]}, BASE)
    assert found.directory is None
    assert problems == ["'directory' is not a setting of a training"]
    assert TrainSpec.from_json(spec.to_json()) == spec


def test_damaged_links_keep_what_is_sound():
    query = {"epochs": ["0"], "seed": ["5"], "run": ["adam:b1=2"], "network": ["lenett"]}
    found, problems = TrainSpec.from_query(query, BASE)
    assert found == dataclasses.replace(BASE, seed=5)
    assert len(problems) == 3
    assert any("did you mean 'lenet'?" in problem for problem in problems)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("epochs", 0, "epochs must be a whole number from 1 to 1,000, got 0"),
        ("epochs", 1.5, "epochs must be a whole number from 1 to 1,000, got 1.5"),
        ("batch_size", 0, "batch_size must be a whole number from 1 to 50,000, got 0"),
        ("seed", -1, "seed must be a whole number from 0"),
        ("limit", 0, "limit must be a whole number from 1"),
        ("validation", 0.0, r"validation must lie in \(0, 1\), got 0.0"),
        ("validation", 1.5, r"validation must lie in \(0, 1\), got 1.5"),
        ("validation", float("nan"), r"validation must lie in \(0, 1\), got nan"),
        ("loss", "hinged", "loss must be one of cross_entropy, hinge, squared_error, got 'hinged'"),
        ("runs", (), "a training needs 1 to 32 optimizers, got none"),
        ("network", MLP(hidden="x"), "MLP.hidden must be up to 32 widths"),
        ("network", LeNet(activation="x"), "LeNet.activation must be one of relu"),
        ("dataset", Synthetic(noise=-1.0), r"Synthetic.noise must lie in \[0, 1\], got -1"),
    ],
)
def test_bad_settings(field, value, message):
    with pytest.raises(ValueError, match=message) as caught:
        dataclasses.replace(BASE, **{field: value}).check()
    assert "\n" not in str(caught.value)


def test_one_schedule_for_all_but_those_with_their_own():
    first, second = RICH.resolved()
    assert dict(first.schedules)["learning_rate"].name == "cosine"
    assert dict(second.schedules)["learning_rate"].name == "step"
    assert RICH.labels == ("SGD", "mine")


def test_what_data_names(tmp_path):
    assert parse_data("synthetic") == (Synthetic(), None)
    assert parse_data("synthetic:noise=0.5") == (Synthetic(noise=0.5), None)
    assert parse_data("cifar10") == (Cifar10(), None)
    assert parse_data(str(tmp_path)) == (Cifar10(), str(tmp_path))
    assert parse_data("no/such/folder") == (Cifar10(), "no/such/folder")
    with pytest.raises(ValueError, match=r"unknown data set 'cifar1' \(did you mean 'cifar10'"):
        parse_data("cifar1")


# An experiment is many trainings ------------------------------------------------------------------

MANY = dataclasses.replace(
    RICH, seeds=2, vary=("batch_size=16|64", "network.activation=tanh", "run.learning_rate=0.5")
)


def test_an_experiment_says_what_a_training_says_and_who_how_often_and_with_what_else():
    one, many = (list(settings(cls)) for cls in (Training, TrainSpec))
    assert [name for name in one if name != "run"] == list(settings(TrainingSettings))
    assert set(many) - set(one) == {"runs", "seeds", "vary", "grid"}


def test_each_member_is_a_training_that_can_be_repeated_alone():
    assert len(MANY.members()) == 5 * 2 * 2
    for member in MANY.members():
        member.spec.check()
        alone = TrainSpec.of(member.spec)
        (again,) = alone.members()
        assert again.spec == member.spec
        assert TrainSpec.from_json(alone.to_json()) == alone
        assert member.spec.resolved() == alone.resolved()[0]


@pytest.mark.parametrize("cls", [Training, TrainSpec])
def test_only_what_is_trained_and_who_trains_is_said_by_place(cls):
    with pytest.raises(TypeError, match="positional"):
        cls(BASE.dataset, BASE.network, BASE.runs, 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weight_decay": 0.1, "run": "adadelta:learning_rate=1"}, None),
        ({"weight_decay": 0.1, "run": "rprop"}, None),
        ({"run": "newton"}, "Newton on LeNet would need"),
        ({"loss": "hinge", "label_smoothing": 0.1}, "label_smoothing has no meaning with the loss"),
        ({"epochs": 0}, "epochs must be a whole number from 1"),
    ],
)
def test_a_training_is_checked_by_itself(changes, message):
    run = Run.parse(changes.pop("run", "adam"))
    one = Training(BASE.dataset, BASE.network, run, **changes)
    if message is None:
        one.check()
    else:
        with pytest.raises(ValueError, match=message):
            one.check()


def test_kept_runs_are_known_by_what_they_were_known_by():
    """The text stands in checkpoints that people have: with it a training goes on."""
    member = dataclasses.replace(RICH, runs=RICH.runs[1:]).members()[0]
    text = fingerprint(member.spec, {"w": np.zeros((2, 3), np.float32)})
    assert text == "mlp:hidden=64-32tanh,activation=elu, adam:b1=0.5#mine, 1f34374a6e807c24"
