"""How far a rule goes in each coordinate per unit of gradient."""

import time

import numpy as np
import pytest

import optviz
from optviz.analysis.race.effective_step import _running_rms, effective_steps
from optviz.surfaces import SURFACES


@pytest.mark.parametrize("noise", [0.0, 2.0])
def test_of_sgd_it_is_the_learning_rate(noise):
    race = optviz.race("beale", ["sgd:learning_rate=0.003@cosine:final=0.2"], noise=noise, seed=4)
    steps = effective_steps(race.surface, race.params[0], noise=noise, seed=4)
    assert steps.shape == (300, 2)
    expected = np.repeat(race.learning_rates[0][:, None], 2, axis=1)
    np.testing.assert_allclose(steps, expected, rtol=1e-6)


def test_adagrad_has_one_for_each_coordinate():
    """η / √(sum of squared gradients), worked out from the path."""
    race = optviz.race("ravine", ["adagrad:learning_rate=0.5"], num_steps=20)
    steps = effective_steps(race.surface, race.params[0])
    grads = -np.diff(race.params[0], axis=0) / steps
    expected = 0.5 / (np.sqrt(np.cumsum(grads**2, axis=0)) + 1e-10)
    np.testing.assert_allclose(steps, expected, rtol=1e-9)
    assert np.abs(steps[-1, 0] / steps[-1, 1] - 1) > 0.1


def test_where_nothing_moves_there_is_none():
    path = np.zeros((5, 2))
    assert np.isnan(effective_steps(SURFACES["ravine"](), path)).all()
    far = np.full((3, 2), np.inf)
    assert np.isnan(effective_steps(SURFACES["ravine"](), far)).all()


def test_a_window_evens_out_and_keeps_the_scale():
    race = optviz.race("ravine", ["adam"], noise=5.0)
    plain = effective_steps(race.surface, race.params[0], noise=5.0)
    even = effective_steps(race.surface, race.params[0], noise=5.0, window=20)
    assert np.log(even[20:]).std() < np.log(plain[20:]).std() / 2
    np.testing.assert_allclose(even[0], plain[0])


@pytest.mark.parametrize("window", [1, 2, 7, 50, 60, 300])
def test_a_running_mean_is_that_of_its_window_alone(window):
    """Also where slopes fall by thirty orders, and beside what is not finite."""
    values = (
        np.random.default_rng(0).standard_normal((3, 50, 2))
        * np.geomspace(1e15, 1e-15, 50)[:, None]
    )
    values[1, 20] = np.inf
    ours = _running_rms(values, window)
    for step in range(50):
        part = values[:, max(0, step + 1 - window) : step + 1]
        np.testing.assert_allclose(ours[:, step], np.sqrt((part**2).mean(axis=1)), rtol=1e-12)


def test_a_running_mean_takes_no_more_time_for_a_longer_window():
    """Work that grew with the window would be five thousand times as much here."""
    values = np.ones((1, 100_000, 2))
    seconds = []
    for window in (2, 10_000):
        began = time.perf_counter()
        _running_rms(values, window)
        seconds.append(time.perf_counter() - began)
    assert seconds[1] < 100 * seconds[0]
