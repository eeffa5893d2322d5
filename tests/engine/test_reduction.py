"""The gradient of a batch as the mean over its images or as their sum."""

from dataclasses import replace

import numpy as np
import pytest

from optviz.data import Synthetic
from optviz.engine import train_step
from optviz.engine.train import train
from optviz.networks import MLP
from optviz.specs.run import Run
from optviz.specs.train import TrainSpec

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


def test_a_sum_needs_no_other_gradient_program():
    spec = asked("sgd", epochs=1)
    train(spec, DATA)
    before = train_step.compiled_gradient(spec.network)._cache_size()
    train(replace(spec, reduction="sum"), DATA)
    assert train_step.compiled_gradient(spec.network)._cache_size() == before


def test_specs_carry_it():
    spec = asked("sgd", reduction="sum")
    assert spec.to_query()["reduction"] == ["sum"]
    assert TrainSpec.from_query(spec.to_query(), asked("adam")) == (spec, [])
    assert TrainSpec.from_json(spec.to_json()) == spec
    older = {name: value for name, value in spec.to_json().items() if name != "reduction"}
    assert TrainSpec.from_json(older).reduction == "mean"
    assert "reduction" not in asked("sgd").to_query()
    with pytest.raises(ValueError, match=r"^reduction must be one of mean, sum, got 'max'$"):
        replace(spec, reduction="max").check()
