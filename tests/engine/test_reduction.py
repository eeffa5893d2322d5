"""The gradient of a batch as the mean over its images or as their sum."""

from dataclasses import replace

import numpy as np
import pytest

from optviz.data import Synthetic
from optviz.engine.training import objective, programs
from optviz.engine.training.stack import programs as stack_programs
from optviz.engine.training.train import train
from optviz.networks import MLP
from optviz.specs.experiment import TrainSpec
from optviz.specs.run import Run

pytestmark = pytest.mark.usefixtures("compiled_quickly")

DATASET = Synthetic(num_train=160, num_test=30)
DATA = DATASET.load()
BATCH = 32  # divides the images: every batch is full


def asked(*runs, **fields):
    network = MLP(hidden="16")
    return TrainSpec(DATASET, network, tuple(map(Run.parse, runs)), batch_size=BATCH, **fields)


def losses(spec):
    return [np.array(run.losses) for run in train(spec, DATA).runs]


@pytest.mark.parametrize("rule", ["sgd", "momentum", "nesterov:form=look_ahead", "sam:rho=0.0"])
def test_a_sum_is_a_mean_at_a_rate_as_many_times_as_high(rule):
    join = "," if ":" in rule else ":"
    (mean,) = losses(asked(f"{rule}{join}learning_rate={0.0005 * BATCH}"))
    (summed,) = losses(asked(f"{rule}{join}learning_rate=0.0005", reduction="sum"))
    np.testing.assert_allclose(summed, mean, rtol=1e-4)
    assert mean[-1] < mean[0]


def test_rules_that_scale_their_gradient_hardly_see_it():
    (mean,) = losses(asked("adam"))
    (summed,) = losses(asked("adam", reduction="sum"))
    np.testing.assert_allclose(summed, mean, rtol=1e-2)


# A network of this size is trained nowhere else: what it needs is compiled here.
FIRST = replace(asked("sgd", epochs=1), network=MLP(hidden="23"))


@pytest.mark.parametrize("change", [{"reduction": "sum"}, {"decay_on": "weights", "l2": 0.1}])
def test_what_decides_the_update_alone_compiles_no_gradient(change):
    train(FIRST, DATA)
    before = how_many()
    assert before[0] > 0
    assert before[1] > 0
    train(replace(FIRST, **change), DATA)
    assert how_many() == before


@pytest.mark.parametrize("change", [{"flip": True}, {"crop": 2}])
@pytest.mark.parametrize("arrangement", ["loop", "stack"])
def test_what_decides_the_training_alone_compiles_no_evaluation(change, arrangement):
    train(FIRST, DATA, arrangement=arrangement)
    before = how_many()[1:]
    train(replace(FIRST, **change), DATA, arrangement=arrangement)
    assert how_many()[1:] == before


def how_many():
    """How many there are of the gradient, of evaluation, and of evaluation of several runs."""
    of_one = (programs.compiled_gradient, objective.compiled_evaluation)
    counted = [*(compiled(FIRST.network) for compiled in of_one), stack_programs.evaluate_block]
    return [function._cache_size() for function in counted]
