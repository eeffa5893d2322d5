"""How far a rule goes in each coordinate per unit of gradient."""

import numpy as np
import pytest

import optviz
from optviz.analysis.effective_step import effective_steps
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
