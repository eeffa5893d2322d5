"""Every bad sign on a curve that has it and on a training that does, and none on a clean one."""

import dataclasses
import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from made_training import PER_EPOCH, falling, spec, started, tell

from optviz.analysis.training.curves import learning_rates
from optviz.analysis.training.losses import loss_of_scores
from optviz.analysis.training.signs import CHECKS, signs
from optviz.analysis.training.tables import summary
from optviz.data import Synthetic
from optviz.engine.training import track
from optviz.engine.training.data import Batch
from optviz.engine.training.events import Begun, Steps, TrainResult
from optviz.engine.training.train import train
from optviz.export.curves import to_json
from optviz.networks import MLP, Linear, Network
from optviz.networks.losses import LOSSES
from optviz.player.training import pack_training
from optviz.specs.experiment import TrainSpec
from optviz.specs.run import Run

pytestmark = pytest.mark.usefixtures("compiled_quickly")

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
    assert "2.281 over the last 75 steps, 2.294 over the first" in text
    assert since == 0
    text, since = only(**MADE["overfitting"])
    assert "overfitting since epoch 3: the validation loss rose from 1.2 to 1.6" in text
    assert since == 3 * PER_EPOCH
    assert "80% of the units of hidden_0 are dead" in only(dead=0.8)[0]
    assert "the weights of output by 0.5 of their norm" in only(ratio=0.5)[0]
    assert "a step takes 700 ms" in only(step_seconds=0.7)[0]
    assert "30% of the time" in only(waited=0.3, step_seconds=0.4)[0]


def test_what_comes_back_is_dated_from_there():
    back = np.concatenate([falling(200), noisy(2.5, 100)])
    (sign,) = signs(tell(started(LONG), 0, back))
    assert sign.kind == "not_falling"
    assert 150 <= sign.since_step <= 225  # its windows have 75 steps


@pytest.mark.parametrize(("fall", "least", "most"), [(0.0, 36, 40), (0.3, 0, 3), (0.5, 0, 0)])
def test_noise_alone_is_no_fall(fall, least, most):
    """Losses around 2.3 that spread by 0.3, with 40 seeds: a window's mean is known to 0.035."""
    shown = 0
    for seed in range(40):
        noise = 0.3 * np.random.default_rng(seed).standard_normal(STEPS)
        told = tell(started(LONG), 0, 2.3 + noise - np.linspace(0, fall, STEPS))
        shown += kinds(told) == ["not_falling"]
    assert least <= shown <= most


def test_an_end_that_is_not_finite_though_every_step_was():
    told = tell(started(LONG), 0, val_losses=[1.0] * 5 + [None])
    (sign,) = signs(told)
    assert (sign.kind, sign.severity, sign.since_step) == ("diverged", "error", STEPS)


BETTER = {"val_losses": [0.4] * 6, "train_losses": [1.2] * 6, "val_accuracies": [0.9] * 6}


def test_validation_better_by_the_same_weights():
    (sign,) = signs(tell(started(LONG), 0, **BETTER))
    assert (sign.kind, sign.severity, sign.since_step) == (
        "validation_better",
        "warning",
        PER_EPOCH,
    )
    assert "loss 0.4 against 1.2, accuracy 90.0% against 80.0%" in sign.text
    assert "Check that no training image is among those for validation" in sign.advice


def test_validation_better_by_chance_is_no_sign():
    """Of 20 images each, one standard error is 9 points; and of the means nothing follows."""
    few = started(LONG)
    few.started = few.started._replace(num_sample=[20], num_validation=[20])
    assert kinds(tell(few, 0, **BETTER)) == []
    older = tell(started(LONG), 0, **BETTER)
    run = older.runs[0]
    run.epochs = [e._replace(train_loss=None, train_accuracy=None) for e in run.epochs]
    assert kinds(older) == []


def test_small_batches_hide_what_a_test_shows():
    """Losses of eight images each scatter by more than they fall in an epoch."""
    told = tell(started(LONG), 0, losses=noisy(2.2), train_losses=[2.1] * 6)
    assert kinds(told) == ["not_falling"]
    told.runs[0].begun = Begun("begun", 0, 2.4, 0.1, 2.4, 0.1)
    assert kinds(told) == []
    told.runs[0].begun = Begun("begun", 0, 2.11, 0.1, 2.11, 0.1)
    assert kinds(told) == ["not_falling"]


def test_a_gradient_that_vanishes_on_its_way_back():
    high = {"losses": falling(STEPS, end=1.8)}
    (sign,) = signs(tell(started(LONG), 0, **high, faded=4e-4))
    assert (sign.kind, sign.since_step) == ("vanishing_gradient", 0)
    assert "it is 1 of the weights' norm at output, 0.0004 at hidden_0" in sign.text
    assert kinds(tell(started(LONG), 0, **high, faded=2e-3)) == []
    assert kinds(tell(started(LONG), 0, faded=4e-4)) == []  # it learns all the same
    older = tell(started(LONG), 0, **high, faded=0.0)
    older.runs[0].layers = [look._replace(grad_ratios=None) for look in older.runs[0].layers]
    assert kinds(older) == []


def test_small_updates_are_meant_at_the_end_of_a_schedule():
    high = {"losses": falling(STEPS, end=1.8), "ratio": 1e-6}
    assert kinds(tell(started(LONG), 0, **high)) == ["update_ratio"]
    asked = spec("sgd:learning_rate=0.1@cosine", epochs=6)
    assert kinds(tell(started(asked), 0, **high)) == []


def test_many_runs_share_a_sign_and_the_worst_speaks():
    asked = spec("sgd", "adam", "momentum", epochs=6)
    result = started(asked)
    for run, dead in enumerate((0.6, 0.0, 0.9)):
        tell(result, run, dead=dead)
    (sign,) = signs(result)
    assert sign.runs == ("SGD", "Momentum")
    assert sign.text.startswith("Momentum: 90%")
    assert sign.text.endswith("(1 other run likewise).")


def test_equal_scores():
    assert loss_of_scores("cross_entropy", 10, 0.0) == pytest.approx(math.log(10), rel=1e-6)
    for loss in LOSSES:
        assert loss_of_scores(loss, 10, 0.0) < loss_of_scores(loss, 10, 2.5)


@pytest.mark.parametrize("loss", LOSSES)
def test_scores_have_the_loss_that_training_has(loss):
    draws = np.random.default_rng(0).standard_normal((1000, 7))
    labels = np.arange(1000, dtype=np.int32) % 7
    with jax.enable_x64(True):
        expected = LOSSES[loss].function(jnp.asarray(2.5 * draws), jnp.asarray(labels), 0.0).mean()
    assert loss_of_scores(loss, 7, 2.5) == pytest.approx(float(expected), rel=1e-9)


def test_looking_at_a_training_compiles_nothing():
    """Not in the process that serves pages: the player's message, signs, table and files."""
    asked = spec("sgd:learning_rate=0.1", "adam", epochs=6, loss="hinge")
    result = started(asked)
    for run in range(2):
        tell(result, run, losses=falling(STEPS, start=11))
    loss_of_scores.cache_clear()
    with jax.log_compiles(), captured("jax") as said:
        signs(result)
        summary(result, 0.5)
        rates = learning_rates(result)
        pack_training(result, learning_rates=rates, live=True)
        to_json(result)
    assert [line for line in said if "ompil" in line] == []


@contextmanager
def captured(name):
    """What is logged meanwhile."""
    said, logger = [], logging.getLogger(name)
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())
    logger.addHandler(handler)
    try:
        yield said
    finally:
        logger.removeHandler(handler)


# Trainings that do it ------------------------------------------------------------------------

DATASET = Synthetic(num_train=640, num_test=100)
DATA = DATASET.load()


def trained(network: Network, *runs: str, epochs: int, **fields) -> dict[str, tuple[str, ...]]:
    asked = TrainSpec(
        DATASET, network, tuple(map(Run.parse, runs)), epochs=epochs, batch_size=32, **fields
    )
    return {sign.kind: sign.runs for sign in signs(train(asked, DATA))}


def test_too_high_rates_diverge_and_kill():
    runs = ("adam:learning_rate=0.01", "adam:learning_rate=1#deadly", "sgd:learning_rate=1e30#wild")
    found = trained(MLP(hidden="32-32"), *runs, epochs=4)
    assert found["diverged"] == ("wild",)
    assert found["dead_units"] == ("deadly",)
    assert found["not_falling"] == ("deadly",)


def test_zeros_never_start():
    found = trained(MLP(hidden="8", initialiser="zeros"), "sgd:learning_rate=0.05", epochs=3)
    assert found.keys() == {"not_falling", "dead_units"}


def test_large_weights_start_badly():
    found = trained(Linear(initialiser="normal_0.1"), "sgd:learning_rate=1e-3", epochs=1)
    assert found.keys() == {"initial_loss"}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("initialiser", ["pytorch", "kaiming", "xavier"])
def test_usual_weights_start_well(loss, initialiser):
    """The first losses of six seeds."""
    asked = trained(
        MLP(hidden="32-32", initialiser=initialiser),
        "sgd:learning_rate=1e-3",
        epochs=1,
        seeds=6,
        loss=loss,
        limit=32,
    )
    assert "initial_loss" not in asked


def test_few_images_are_learned_by_heart():
    found = trained(MLP(hidden="32"), "adam", epochs=50, limit=32)
    assert found.keys() == {"overfitting"}


def test_deep_sigmoids_do_not_move():
    network = MLP(hidden="16-16-16-16-16", activation="sigmoid")
    found = trained(network, "sgd:learning_rate=0.01", epochs=3)
    assert found.keys() == {"not_falling", "vanishing_gradient", "update_ratio"}


def test_rectifiers_with_weights_that_suit_them_keep_the_gradient():
    network = MLP(hidden="16-16-16-16-16", initialiser="kaiming")
    assert "vanishing_gradient" not in trained(network, "sgd:learning_rate=0.01", epochs=3)


def test_data_that_are_slow(monkeypatch):
    """A batch that takes longer to be made than a step; the test need not last for a second."""
    monkeypatch.setattr("optviz.analysis.training.steps.MIN_CLOCK", 0.0)
    made = track.batches

    def slowly(*args) -> Iterator[Batch]:
        for batch in made(*args):
            time.sleep(0.02)
            yield batch

    asked = (Linear(), "sgd:learning_rate=1e-3", "adam#other")
    assert "waiting_for_data" not in trained(*asked, epochs=1)
    monkeypatch.setattr(track, "batches", slowly)
    assert trained(*asked, epochs=1)["waiting_for_data"] == ("SGD", "other")


def test_cheap_enough_to_be_asked_all_the_time():
    """64 runs of 10,000 steps, told in 2,500 turns each, looked at every 0.4 s."""
    asked = dataclasses.replace(LONG, epochs=200, seeds=64)
    result = started(asked)
    for run in range(64):
        losses = falling(10_000)
        for first in range(0, 10_000, 4):
            told = losses[first : first + 4].tolist()
            result.add(Steps("steps", run, first, told, told, first * 1e-2, 0.0))
    took = []
    for _ in range(3):
        start = time.process_time()
        signs(result)
        took.append(time.process_time() - start)
    assert min(took) < 0.2
