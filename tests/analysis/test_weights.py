"""Weights are those that a training validated; pictures and mistakes are the right ones."""

import dataclasses

import jax
import numpy as np
import pytest

from optviz.analysis.training.weights import (
    Predictions,
    confusion,
    first_filters,
    misclassified,
    params_of,
    predict,
    templates,
)
from optviz.data import Synthetic
from optviz.engine.training.snapshots import Snapshot
from optviz.engine.training.train import train
from optviz.networks import MLP, NETWORKS, LeNet, Linear, Network
from optviz.networks.base import Params
from optviz.specs.experiment import TrainSpec
from optviz.specs.run import Run

pytestmark = pytest.mark.usefixtures("compiled_quickly")

DATASET = Synthetic(num_train=60, num_test=30)
DATA = DATASET.load()


class Shelf(dict[int, Snapshot]):
    """Snapshots in memory."""

    def load(self, member: int) -> Snapshot | None:
        return self.get(member)

    def save(self, member: int, snapshot: Snapshot) -> None:
        self[member] = snapshot


def spec(network, *runs: str, **fields) -> TrainSpec:
    return TrainSpec(
        DATASET, network, tuple(map(Run.parse, runs)), epochs=1, batch_size=20, **fields
    )


@pytest.mark.parametrize(
    "asked",
    [
        spec(Linear(), "adam", "averaged_sgd", "random_search"),
        spec(MLP(hidden="8", dropout=0.5), "muon", normalise="mean_image", validation=0.5),
        spec(MLP(hidden="8", batch_norm=True), "sgd", precision="bfloat16"),
        spec(LeNet(), "adam@cosine"),
    ],
    ids=lambda asked: asked.network.name,
)
def test_predictions_are_those_of_the_training(asked):
    shelf = Shelf()
    result = train(asked, DATA, keeper=shelf)
    for index, member in enumerate(asked.members()):
        found = predict(member.spec, DATA, *params_of(member.spec, shelf[index]))
        right = np.mean(found.predicted == found.true)
        assert right == pytest.approx(result.runs[index].epochs[-1].val_accuracy, abs=1e-6)
        assert found.images.shape == (30, 32, 32, 3)
        assert found.class_names == DATA.class_names
        np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, rtol=1e-5)
        counts = confusion(found)
        assert counts.sum() == 30
        assert np.trace(counts) == round(30 * right)


def test_another_networks_snapshot_is_refused():
    shelf, asked = Shelf(), spec(Linear(), "adam")
    train(asked, DATA, keeper=shelf)
    (member,) = dataclasses.replace(asked, network=MLP(hidden="8")).members()
    with pytest.raises(ValueError, match="the checkpoint is of linear, adam; this training is of"):
        params_of(member.spec, shelf[0])


def made_params(network: Network) -> Params:
    """Any numbers, in the network's shapes: to draw its own takes long."""
    rng, shapes = np.random.default_rng(0), jax.eval_shape(network.init, jax.random.key(0))[0]
    return jax.tree.map(lambda w: rng.standard_normal(w.shape, np.float32), shapes)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_shows_its_first_layer(name):
    params = made_params(NETWORKS[name]())
    filters, images = first_filters(params), templates(params)
    assert (filters is None) != (images is None)
    if filters is not None:
        assert filters.shape[3] == 3
        assert filters.shape[0] > 1
    else:
        assert images is not None
        assert images.shape[1:] == (32, 32, 3)


def test_filters_are_the_kernels():
    params = made_params(LeNet())
    filters = first_filters(params)
    assert filters is not None
    assert filters.shape == (6, 5, 5, 3)
    np.testing.assert_array_equal(filters[4], params["conv_0"]["kernel"][:, :, :, 4])


def test_a_template_scores_its_class():
    """The logit of a class is the sum over pixels of image times template, and its bias."""
    network = Linear()
    params = made_params(network)
    x = np.random.default_rng(0).standard_normal((1, 32, 32, 3)).astype(np.float32)
    logits, _ = network.apply(params, {}, x, False, jax.random.key(0))
    images = templates(params)
    assert images is not None
    assert images.shape == (10, 32, 32, 3)
    scores = (images * x).sum(axis=(1, 2, 3)) + params["output"]["bias"]
    np.testing.assert_allclose(scores, logits[0], atol=1e-3)


def test_as_many_units_as_asked():
    params = made_params(MLP(hidden="3072-20"))
    images = templates(params, 7)
    assert images is not None
    assert images.shape == (7, 32, 32, 3)
    np.testing.assert_array_equal(images[6].ravel(), params["hidden_0"]["kernel"][:, 6])


def made_predictions(probabilities) -> Predictions:
    images = np.arange(4, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)
    true = np.array([0, 1, 2, 1])
    return Predictions(images, true, np.array(probabilities), ("a", "b", "c"))


def test_the_surest_mistake_comes_first():
    found = made_predictions([[0.4, 0.6, 0], [0.1, 0.8, 0.1], [0.9, 0.1, 0], [0.2, 0.1, 0.7]])
    wrong = misclassified(found, 2)
    assert wrong.images[:, 0, 0, 0].tolist() == [2, 3]
    assert wrong.true.tolist() == [2, 1]
    assert wrong.predicted.tolist() == [0, 2]
    assert wrong.confidence.tolist() == [0.9, 0.7]
    assert len(misclassified(found, 9).true) == 3
    assert confusion(found).tolist() == [[0, 1, 0], [0, 1, 1], [1, 0, 0]]


def test_no_mistakes_and_no_numbers():
    assert len(misclassified(made_predictions(np.eye(3)[[0, 1, 2, 1]]), 5).images) == 0
    broken = made_predictions([[np.nan] * 3] * 3 + [[0.9, 0.1, 0.0]])
    wrong = misclassified(broken, 5)
    assert wrong.true.tolist() == [1, 1, 2]
    assert np.isnan(wrong.confidence).tolist() == [False, True, True]
