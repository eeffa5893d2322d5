"""Axes, spreads and tables, against numbers worked out by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from made_training import PER_EPOCH, falling, spec, started, tell

from optviz.analysis.training.curves import AXES, axis, groups, learning_rates, quantile, spread
from optviz.analysis.training.tables import compare, settings, summary
from optviz.engine.training.events import TrainResult

SEEDS = spec("adam", "sgd", seeds=3, vary=("batch_size=10",))


def test_axes_of_steps():
    result = tell(started(spec("sgd")), step_seconds=0.1)
    steps = axis(result, 0)
    assert steps.tolist() == list(range(150))
    np.testing.assert_allclose(axis(result, 0, "epoch"), steps / 50)
    samples = axis(result, 0, "sample")  # batches of 20; the last of an epoch has 10
    assert samples[[0, 1, 49, 50, 51]].tolist() == [0, 20, 980, 990, 1010]
    seconds = axis(result, 0, "second")
    np.testing.assert_allclose(seconds[[0, 5, 49]], [0, 0.5, 4.9])
    np.testing.assert_allclose(seconds[50], 5)  # tests are not training
    assert np.all(np.diff(seconds) > 0)


def test_axes_of_epochs():
    result = tell(started(spec("sgd")), step_seconds=0.1)
    wanted = {
        "step": [50, 100, 150],
        "epoch": [1, 2, 3],
        "sample": [990, 1980, 2970],
        "second": [5, 10, 15],
    }
    assert wanted.keys() == AXES.keys()
    for kind, places in wanted.items():
        np.testing.assert_allclose(axis(result, 0, kind, at="epochs"), places)


def test_axes_before_anything_is_told():
    for result in (TrainResult.empty(SEEDS), started(SEEDS)):
        for kind in AXES:
            assert axis(result, 0, kind).shape == axis(result, 0, kind, at="epochs").shape == (0,)


def test_learning_rates():
    asked = spec("sgd:learning_rate=0.1", "adam:learning_rate=1@cosine", "random_search")
    constant, cosine, none = learning_rates(started(asked))
    assert constant.tolist() == [0.1] * 150
    assert cosine[0] == 1
    assert np.all(np.diff(cosine) < 0)
    assert none.shape == (0,)
    assert learning_rates(TrainResult.empty(asked)) == []


def test_groups_are_told_apart_by_all_but_the_seed():
    found = groups(SEEDS)
    assert [group.label for group in found] == [
        "Adam",
        "SGD",
        "Adam · batch size 10",
        "SGD · batch size 10",
    ]
    assert [group.members for group in found] == [(0, 1, 2), (3, 4, 5), (6, 7, 8), (9, 10, 11)]
    assert [group.rule for group in found] == ["adam", "sgd", "adam", "sgd"]
    assert groups(spec("adam#seed 1"))[0].label == "seed 1"


def with_accuracies(asked, accuracies) -> TrainResult:
    result = started(asked)
    for run, values in enumerate(accuracies):
        tell(result, run, falling(PER_EPOCH * len(values)), val_accuracies=values)
    return result


def test_spread_over_seeds():
    result = with_accuracies(spec("adam", seeds=3), [[0.1, 0.5, 0.6], [0.2, 0.3], [0.9, 0.4, 0.1]])
    (found,) = spread(result)
    assert found.x.tolist() == [1, 2]  # as far as all of them are
    assert found.median.tolist() == [0.2, 0.4]
    assert found.least.tolist() == [0.1, 0.3]
    assert found.greatest.tolist() == [0.9, 0.5]
    assert found.lower is found.upper is None
    (losses,) = spread(result, "loss", "sample")
    assert losses.x[[0, 1, 99]].tolist() == [0, 20, 1970]
    assert losses.count.tolist() == [3] * 100


def test_a_seed_that_diverged_holds_nobody_up():
    result = with_accuracies(spec("adam", seeds=3), [[0.1, 0.5, 0.6], [0.2, 0.3, 0.4]])
    tell(result, 2, falling(70), val_accuracies=[0.9], diverges=True)
    (found,) = spread(result)
    assert found.count.tolist() == [3, 2, 2]
    np.testing.assert_allclose(found.median, [0.2, 0.4, 0.5])
    (losses,) = spread(result, "loss")
    assert losses.count[[69, 70]].tolist() == [3, 2]
    row = summary(result).iloc[0]
    assert row["validation accuracy"] == pytest.approx(0.5)
    assert row["outcome"] == "2 finished, 1 diverged at step 70"


def test_all_diverged():
    result = started(spec("sgd", seeds=2))
    for run, steps in enumerate((0, 20)):
        tell(result, run, falling(steps), diverges=True)
    (losses,) = spread(result, "loss")
    assert losses.count.tolist() == [1] * 20
    (accuracy,) = spread(result)
    assert len(accuracy.x) == 0
    row = summary(result, 0.5).iloc[0]
    assert math.isnan(row["validation loss"])
    assert row["epochs"] == row["reached"] == 0
    assert row["outcome"] == "1 diverged at step 0, 1 diverged at step 20"


def test_quartiles_from_four_seeds_on():
    accuracies = [[0.1], [0.2], [0.3], [0.4], [0.5]]
    (found,) = spread(with_accuracies(spec("adam", seeds=5), accuracies))
    assert found.lower is not None
    assert found.upper is not None
    np.testing.assert_allclose([found.lower[0], found.median[0], found.upper[0]], [0.2, 0.3, 0.4])


def test_quantiles_are_numpys():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((6, 40))
    values[rng.random(values.shape) < 0.3] = np.nan
    values[0] = 1.0  # nowhere are there none at all
    for share in (0, 0.25, 0.5, 0.75, 1):
        np.testing.assert_allclose(
            quantile(values, share), np.nanquantile(values, share, axis=0), rtol=1e-12
        )


def test_an_unknown_number():
    with pytest.raises(ValueError, match=r"number must be one of train_loss, .* got 'loses'"):
        spread(started(SEEDS), "loses")


def test_summary():
    asked = spec("adam", "sgd", seeds=3)
    result = with_accuracies(
        asked,
        [[0.3, 0.5, 0.7], [0.2, 0.6, 0.5], [0.5, 0.4, 0.6], [0.2, 0.3, 0.4], [0.1] * 3, [0.6] * 3],
    )
    table = summary(result, 0.5).set_index("label")
    adam, sgd = table.loc["Adam"], table.loc["SGD"]
    assert adam["seeds"] == adam["epochs"] == adam["reached"] == 3
    assert adam["validation accuracy"] == 0.6
    assert adam["validation accuracy, least"] == 0.5
    assert adam["validation accuracy, greatest"] == 0.7
    assert adam["best epoch"] == 3
    assert adam["seconds an epoch"] == pytest.approx(0.5)
    assert adam["milliseconds a step"] == pytest.approx(10)
    assert adam["epochs to 50%"] == 2
    assert adam["steps to 50%"] == 100
    assert adam["images seen to 50%"] == 1980
    assert adam["seconds of training to 50%"] == pytest.approx(1)
    assert adam["outcome"] == "3 finished"
    assert sgd["reached"] == 1
    assert math.isnan(sgd["epochs to 50%"])  # most seeds did not


def test_summary_before_anything_is_told():
    for result in (TrainResult.empty(SEEDS), started(SEEDS)):
        table = summary(result, 0.5)
        assert table["epochs"].tolist() == [0] * 4
        assert table["training loss"].isna().all()
        assert table["outcome"].tolist() == ["3 running"] * 4


def test_compare_shows_what_differs():
    first = tell(started(spec("adam:learning_rate=0.01")))
    other = spec("sgd:learning_rate=0.1@cosine", batch_size=50)
    second = tell(started(replace(other, network=replace(other.network, activation="tanh"))))
    table = compare({"a": first, "b": second}, 0.3)
    assert table.columns[:5].tolist() == [
        "training",
        "batch_size",
        "network.activation",
        "rule",
        "rule.learning_rate",
    ]
    assert table.iloc[:, :5].to_numpy().tolist() == [
        ["a", "20", "relu", "Adam", "0.01"],
        ["b", "50", "tanh", "SGD", "0.1"],
    ]
    assert table.columns[5:].tolist() == summary(first, 0.3).columns.tolist()


def test_compare_tells_variations_apart():
    result = started(SEEDS)
    table = compare({"one": result})
    assert table["batch_size"].tolist() == ["20", "20", "10", "10"]
    assert table["rule"].tolist() == ["Adam", "SGD"] * 2
    assert compare({}).empty


def test_settings_are_all_there():
    (member,) = spec("adam:learning_rate=0.01@cosine").members()
    found = settings(member.spec)
    assert found["rule.learning_rate"] == "0.01"
    assert found["schedule of learning_rate"] == "cosine"
    assert found["flip"] == "false"
    assert found["dataset.num_train"] == "1000"
    assert "seed" not in found
