"""Figures from a training of two steps, from one that diverged, from none, and from several."""

import numpy as np
import pytest
from made_training import falling, spec, started, tell

from optviz.analysis.training.curves import AXES
from optviz.analysis.training.weights import (
    Misclassified,
    confusion,
    first_filters,
    misclassified,
    params_of,
    predict,
    templates,
)
from optviz.data import Synthetic
from optviz.engine.training.events import TrainResult
from optviz.engine.training.snapshots import Snapshot
from optviz.engine.training.train import train
from optviz.figures.theme import styles_of
from optviz.figures.training import TITLES, training_curves
from optviz.figures.weights import (
    as_pictures,
    confusion_figure,
    filters_figure,
    image_grid,
    misclassified_figure,
)
from optviz.networks import LeNet, Linear
from optviz.specs.experiment import TrainSpec
from optviz.specs.run import Run

pytestmark = pytest.mark.xdist_group("training-figures")  # they share two trainings


class Shelf(dict[int, Snapshot]):
    def load(self, member: int) -> Snapshot | None:
        return self.get(member)

    def save(self, member: int, snapshot: Snapshot) -> None:
        self[member] = snapshot


DATASET = Synthetic(num_train=20, num_test=12)
RUNS = (Run.parse("adam"), Run.parse("sgd:learning_rate=1e30#wild"))


@pytest.fixture(scope="module", params=[Linear(), LeNet()], ids=lambda network: network.name)
def two_steps(request) -> tuple[TrainResult, Shelf]:
    """Two steps of Adam, and a run that diverges after its first."""
    shelf, asked = Shelf(), TrainSpec(DATASET, request.param, RUNS, epochs=2, batch_size=20)
    return train(asked, DATASET.load(), keeper=shelf), shelf


@pytest.mark.parametrize("by", AXES)
def test_curves_of_two_steps(two_steps, by):
    figure = training_curves(two_steps[0], tuple(TITLES), by=by)
    named = [trace.name for trace in figure.data]
    assert named.count("Adam") == named.count("wild") == len(TITLES)
    missing = two_steps[0].runs[1].epochs[0].val_loss is None  # of weights around 1e30
    assert named.count("wild, diverged") == len(TITLES) - 2 * missing  # training and validation
    assert sum(trace.showlegend for trace in figure.data) == 2
    assert len(figure.to_json()) < 60_000


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("member", [0, 1], ids=["two steps", "diverged"])
def test_pictures_of_two_steps(two_steps, member, dark):
    result, shelf = two_steps
    asked = result.spec.members()[member].spec
    params, stats = params_of(asked, shelf[member])
    filters, images = first_filters(params), templates(params)
    shown = filters if filters is not None else images
    assert shown is not None
    figures = [filters_figure(shown, [str(i) for i in range(len(shown))], dark=dark)]
    found = predict(asked, DATASET.load(), params, stats)
    figures.append(confusion_figure(confusion(found), found.class_names, dark=dark))
    wrong = misclassified(found, 6)
    figures.append(misclassified_figure(wrong, found.class_names, dark=dark))
    assert len(figures[-1].layout.annotations) == len(wrong.true)
    for figure in figures:
        assert "NaN" not in figure.to_json()
        assert len(figure.data) == 1


def test_medians_bands_and_colours():
    asked = spec("adam", "sgd", seeds=5)
    result = started(asked)
    for run in range(10):
        tell(result, run, falling(150, end=0.5 + run), val_accuracies=[0.1 * run] * 3)
    figure = training_curves({"first": result, "second": result}, ["val_accuracy"], by="second")
    lines = {trace.name: trace for trace in figure.data}
    assert lines["first · Adam"].y.tolist() == pytest.approx([0.2] * 3)
    assert lines["first · SGD"].y.tolist() == pytest.approx([0.7] * 3)
    assert lines["first · Adam"].x.tolist() == pytest.approx([0.5, 1, 1.5])
    band = lines["first · Adam, spread"].y
    assert (min(band), max(band)) == pytest.approx((0.1, 0.3))  # quartiles
    colors = [
        lines[f"{name} · {rule}"].line.color
        for name in ("first", "second")
        for rule in ("Adam", "SGD")
    ]
    assert colors == [style.color for style in styles_of(["adam", "sgd", "adam", "sgd"])]
    assert len(set(colors)) == 4


def test_long_curves_are_thinned_and_smoothed():
    result = tell(started(spec("sgd", epochs=60)), 0, falling(3000, noise=0.2))
    (rough,) = training_curves(result, ["loss"], by="step", smooth=False).data
    (smooth,) = training_curves(result, ["loss"], by="step").data
    assert len(rough.x) == len(smooth.x) == 800
    assert smooth.x[-1] == 2999
    assert np.std(np.diff(smooth.y)) < np.std(np.diff(rough.y)) / 5
    assert smooth.y[-1] == pytest.approx(np.mean(result.runs[0].losses[-50:]))


def test_curves_before_anything_is_told():
    for result in (TrainResult.empty(spec("sgd", "adam")), started(spec("sgd", "adam"))):
        assert len(training_curves(result).data) == 6
    assert len(training_curves({}).data) == 0
    with pytest.raises(ValueError, match="number must be one of"):
        training_curves(started(spec("sgd")), ["loses"])


def test_weights_around_grey():
    weights = np.zeros((3, 1, 2, 3))
    weights[0, 0, 0] = [-2.0, 0.0, 2.0]
    weights[1, 0, 0, 0] = 1.0
    own, shared = as_pictures(weights), as_pictures(weights, shared=True)
    assert own[0, 0, 0].tolist() == shared[0, 0, 0].tolist() == [0, 128, 255]
    assert own[1, 0, 0].tolist() == [255, 128, 128]
    assert shared[1, 0, 0].tolist() == [191, 128, 128]
    assert np.all(own[2] == 128)
    assert np.all(as_pictures(np.full((1, 2, 2, 3), np.nan)) == 128)


def test_the_grid_has_every_picture_once():
    images = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.full((1, 8, 8, 3), 10, np.uint8)
    figure = image_grid(images, list("abcde"), columns=3)
    (sheet,) = figure.data
    red, seen = np.asarray(sheet.z)[..., 0], np.asarray(sheet.z)[..., 3] == 255
    for value in range(5):
        assert np.sum(seen & (red == 10 * value)) == 64
    assert np.sum(seen) == 5 * 64
    places = {note.text: (note.x, note.y) for note in figure.layout.annotations}
    assert places["a"][1] == places["c"][1] < places["d"][1]
    assert places["a"][0] == places["d"][0] < places["b"][0]
    assert not image_grid(images).layout.annotations


def test_nothing_to_show():
    none = np.zeros((0, 32, 32, 3), np.uint8)
    wrong = Misclassified(none, np.array([]), np.array([]), np.array([]))
    assert len(misclassified_figure(wrong, ["a"]).data) == 1
    assert len(confusion_figure(np.zeros((2, 2), int), ["a", "b"]).data) == 1


def test_a_mistake_is_labelled():
    wrong = Misclassified(
        np.zeros((2, 4, 4, 3), np.uint8),
        np.array([0, 1]),
        np.array([1, 0]),
        np.array([0.98, np.nan]),
    )
    labels = [note.text for note in misclassified_figure(wrong, ["cat", "dog"]).layout.annotations]
    assert labels == ["cat<br>→ dog 98%", "dog<br>→ cat (no number)"]
