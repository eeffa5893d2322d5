"""Dropout, and the units that say nothing any more."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_networks import VARIANTS

from optviz.catalog import knobs, validate
from optviz.engine.training.programs import weights
from optviz.networks import MLP, NETWORKS, VGG, LeNet
from optviz.networks.activations import ACTIVATIONS
from optviz.networks.layers import Dropout

pytestmark = pytest.mark.usefixtures("compiled_quickly")

KEY = jax.random.key(0)


@jax.jit
def logits(network, params, x, key):
    return network.apply(params, {}, x, True, key)[0]


def drop(x, rate, key=KEY):
    return Dropout(rate, True).apply({}, x, rngs={"dropout": key})


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_keeps_the_mean(rate):
    x = jnp.full((400, 100), 3.0)
    found = drop(x, rate)
    share = np.mean(found == 0)
    assert share == pytest.approx(rate, abs=0.01)
    np.testing.assert_allclose(found[found != 0], 3 / (1 - rate), rtol=1e-6)
    assert found.mean() == pytest.approx(3, rel=0.02 / (1 - rate))
    assert (found != drop(x, rate, jax.random.key(1))).any()


def test_at_zero_and_in_test_nothing_is_dropped():
    x = jax.random.normal(KEY, (8, 16))
    np.testing.assert_array_equal(drop(x, 0.0), x)
    np.testing.assert_array_equal(Dropout(0.7, False).apply({}, x), x)


@pytest.mark.parametrize("cls", [MLP, LeNet])
def test_another_rate_compiles_nothing(cls):
    params, _ = weights(cls(), KEY)
    x = jax.random.normal(KEY, (4, 32, 32, 3))
    found = [logits(cls(dropout=rate), params, x, KEY) for rate in (0.0, 0.3, 0.8)]
    assert logits._cache_size() <= 2  # one for each class
    assert np.abs(found[0] - found[1]).max() > 0
    plain, _ = cls().apply(params, {}, x, False, KEY)
    np.testing.assert_allclose(found[0], plain, atol=1e-5)
    tested, _ = cls(dropout=0.8).apply(params, {}, x, False, KEY)
    np.testing.assert_array_equal(tested, plain)


@pytest.mark.parametrize("rate", [1.0, -0.1, float("nan")])
def test_rates_that_are_refused(rate):
    assert "dropout" in knobs(VGG)
    with pytest.raises(ValueError, match=r"VGG.dropout must lie in \[0, 1\), got"):
        validate(VGG(dropout=rate))


def test_dead_units_of_a_layer_made_dead():
    network = LeNet()
    params, stats = weights(network, KEY)
    x = jax.random.normal(KEY, (16, 32, 32, 3))
    find = jax.jit(network.dead_units)
    assert find(params, stats, x)["conv_0_relu"] == 0
    bias = params["conv_0"]["bias"].at[:2].set(-1e6)
    params = {**params, "conv_0": {**params["conv_0"], "bias": bias}}
    bias = params["hidden_1"]["bias"].at[:21].set(-1e6).at[21:].set(1e6)
    params = {**params, "hidden_1": {**params["hidden_1"], "bias": bias}}
    found = find(params, stats, x)
    assert set(found) == {"conv_0_relu", "conv_1_relu", "hidden_0_relu", "hidden_1_relu"}
    assert found["conv_0_relu"] == pytest.approx(2 / 6)
    assert found["hidden_1_relu"] == pytest.approx(21 / 84)
    for share in found.values():
        assert share.shape == ()
        assert share.dtype == jnp.float32


def test_a_unit_is_dead_only_if_silent_everywhere():
    """One image, or one position of a channel, is enough to live."""
    network = MLP(hidden="2")
    kernel = jnp.zeros((3072, 2)).at[0, 0].set(1.0)
    params = {**weights(network, KEY)[0], "hidden_0": {"kernel": kernel, "bias": jnp.zeros(2)}}
    x = jnp.full((5, 32, 32, 3), -1.0)
    assert network.dead_units(params, {}, x)["hidden_0_relu"] == 1
    x = x.at[3, 0, 0, 0].set(1.0)
    assert network.dead_units(params, {}, x)["hidden_0_relu"] == 0.5


@pytest.mark.parametrize("name", [n for n, a in ACTIVATIONS.items() if not a.dies])
def test_what_cannot_die_is_not_asked(name):
    network = MLP(hidden=f"8{name}")
    assert network.dead_units(*weights(network, KEY), jnp.zeros((1, 32, 32, 3))) == {}


@pytest.mark.parametrize("name", NETWORKS)
def test_dead_units_are_shares(name):
    network = VARIANTS[name]
    params, stats = weights(network, KEY)
    found = jax.eval_shape(network.dead_units, params, stats, jnp.zeros((2, 32, 32, 3)))
    assert all(share.shape == () for share in found.values())
    assert len(found) == len(set(found))
