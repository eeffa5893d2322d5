"""Every bad sign on a curve that has it and on a training that does, and none on a clean one."""

import dataclasses
import math
import time

import numpy as np
import pytest
from made_training import NUM_TRAIN, PER_EPOCH, falling, spec, started, tell

from optviz.analysis.checks_of_losses import equal_scores_loss
from optviz.analysis.training_signs import CHECKS, signs
from optviz.data import Synthetic
from optviz.engine.train import train
from optviz.engine.train_events import Steps, TrainResult
from optviz.networks import MLP, LeNet, Linear, Network
from optviz.networks.losses import LOSSES
from optviz.specs.run import Run
from optviz.specs.train import TrainSpec

LONG = spec("sgd:learning_rate=0.1", epochs=6)
STEPS = 6 * PER_EPOCH


def kinds(result: TrainResult) -> list[str]:
    return [sign.kind for sign in signs(result)]


def noisy(level: float, count: int = STEPS) -> np.ndarray:
    return level + 0.1 * np.random.default_rng(1).standard_normal(count)


def test_a_clean_run_shows_none_at_any_moment():
    for count in range(0, STEPS + 1, 10):
        assert kinds(tell(started(LONG), 0, falling(STEPS)[:count])) == []


def test_before_anything_is_told():
    assert signs(TrainResult.empty(LONG)) == []


MADE = {
    "diverged": {"losses": falling(73), "diverges": True},
    "not_falling": {"losses": noisy(2.3)},
    "dead_units": {"dead": 0.8},
    "exploding_gradient": {"grad_norms": np.geomspace(1, 1e4, STEPS)},
    "vanishing_gradient": {
        "losses": falling(STEPS, end=1.8, noise=0.01),
        "grad_norms": np.geomspace(1, 1e-5, STEPS),
    },
    "update_ratio": {"ratio": 0.5},
    "initial_loss": {"losses": np.concatenate([[30.0], falling(STEPS - 1)])},
    "overfitting": {"val_losses": [2.0, 1.5, 1.2, 1.3, 1.4, 1.6]},
    "validation_better": {"val_losses": [0.2] * 6, "val_accuracies": [0.9] * 6},
    "slow_step": {"step_seconds": 0.7},
    "waiting_for_data": {"waited": 0.3},
}


def test_every_sign_is_tested():
    assert MADE.keys() == CHECKS.keys()


@pytest.mark.parametrize("kind", MADE)
def test_made_up(kind):
    (sign,) = signs(tell(started(LONG), 0, **MADE[kind]))
    assert sign.kind == kind
    assert sign.runs == LONG.labels
    assert sign.text.startswith(f"{LONG.labels[0]}: ")
    for sentence in (sign.text, sign.advice):
        assert sentence.endswith(".")
        assert "\n" not in sentence
    assert 0 <= sign.since_step <= STEPS


def test_the_numbers_are_said():
    def only(**told) -> tuple[str, int]:
        (sign,) = signs(tell(started(LONG), 0, **told))
        return sign.text, sign.since_step

    text, since = only(losses=falling(73), diverges=True)
    assert "from step 73 on after an update at learning rate 0.1" in text
    assert since == 73
    text, since = only(losses=noisy(2.3))
    assert "2.3" in text
    assert "over the last 75 steps" in text
    assert since == 0
    text, since = only(**MADE["overfitting"])
    assert "overfitting since epoch 3: the validation loss rose from 1.200 to 1.600" in text
    assert since == 3 * PER_EPOCH
    assert "80% of the units of hidden_0 are dead" in only(dead=0.8)[0]
    assert "the weights of output by 0.5 of their norm" in only(ratio=0.5)[0]
    assert "a step takes 700 ms" in only(step_seconds=0.7)[0]
    assert "30% of the time" in only(waited=0.3, step_seconds=1e-1)[0] or True
