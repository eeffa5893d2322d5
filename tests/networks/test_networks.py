"""Every network: right shapes, right gradient, the stated start."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_networks import smallest

from optviz.catalog import source, summary, switches, validate
from optviz.engine.training.programs import weights  # a quick compilation of `init`
from optviz.networks import MLP, NETWORKS, LeNet, Linear
from optviz.networks.activations import ACTIVATIONS
from optviz.networks.initialisers import INITIALISERS

pytestmark = pytest.mark.usefixtures("compiled_quickly")

KEY = jax.random.key(0)


@pytest.fixture(params=NETWORKS)
def network(request):
    return smallest(NETWORKS[request.param])


def test_entry_is_complete(network):
    validate(network)
    network.check()
    assert summary(type(network))
    assert source(type(network)) or isinstance(network, Linear)


def test_shapes_and_repeats(network):
    params, stats = weights(network, KEY)
    again, _ = weights(network, KEY)
    jax.tree.map(np.testing.assert_array_equal, params, again)
    assert network.num_params() == sum(leaf.size for leaf in jax.tree.leaves(params))
    x = jax.random.normal(KEY, (3, 32, 32, 3))
    for train in (False, True):
        logits, changed = network.apply(params, stats, x, train, KEY)
        assert logits.shape == (3, 10)
        assert jax.tree.structure(changed) == jax.tree.structure(stats)


def test_default_start_is_pytorchs():
    params, _ = weights(LeNet(), KEY)
    fan_in = {"conv_0": 75, "conv_1": 150, "hidden_0": 400, "hidden_1": 120, "output": 84}
    for name, count in fan_in.items():
        bound = count**-0.5
        for leaf in params[name].values():
            assert np.abs(leaf).max() <= bound
        assert np.abs(params[name]["kernel"]).max() > 0.95 * bound
        assert np.ptp(params[name]["bias"]) > 0.5 * bound


@pytest.mark.parametrize(
    ("name", "std"),
    [
        ("zeros", 0.0),
        ("normal_0.01", 0.01),
        ("normal_0.1", 0.1),
        ("xavier", (2 / 500) ** 0.5),
        ("kaiming", (2 / 300) ** 0.5),
        ("pytorch", (1 / 300 / 3) ** 0.5),
    ],
)
def test_initialisers(name, std):
    init = INITIALISERS[name](300, 200)
    weights = init.weights(KEY, (300, 200), jnp.float32)
    np.testing.assert_allclose(weights.std(), std, rtol=0.02)
    biases = init.biases(KEY, (200,), jnp.float32)
    if name != "pytorch":
        assert not biases.any()


def test_every_start_can_be_chosen():
    assert switches(LeNet)["initialiser"].options == tuple(INITIALISERS)
    for name in INITIALISERS:
        Linear(initialiser=name).init(KEY)


def test_mlp_layers():
    assert MLP(hidden="").layers() == []
    assert MLP(hidden="8-16tanh", activation="elu").layers() == [(8, "elu"), (16, "tanh")]
    assert MLP(hidden="8").num_params() == 3072 * 8 + 8 + 8 * 10 + 10


@pytest.mark.parametrize(
    "hidden", ["0", "8-", "-8", "4097", "99999", "8 8", "8sin", "8-" * 40, "x"]
)
def test_mlp_refuses(hidden):
    with pytest.raises(ValueError, match=r"MLP.hidden must be up to 32 widths in 1\.\.4096"):
        MLP(hidden=hidden).check()


def test_activations():
    x = jnp.array([-1.0, 0.0, 2.0])
    expected = {
        "relu": [0, 0, 2],
        "tanh": np.tanh(x),
        "sigmoid": 1 / (1 + np.exp(-x)),
        "leaky_relu": [-0.01, 0, 2],
        "elu": [np.expm1(-1), 0, 2],
        "identity": x,
    }
    assert set(expected) == set(ACTIVATIONS)
    for name, values in expected.items():
        np.testing.assert_allclose(ACTIVATIONS[name](x), values, rtol=1e-6)
