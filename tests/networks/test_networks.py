"""Every network: right shapes, right gradient, the stated start."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from optviz.catalog import source, summary, switches, validate
from optviz.engine.train_step import weights  # a quick compilation of `init`
from optviz.networks import MLP, NETWORKS, LeNet, Linear
from optviz.networks.activations import ACTIVATIONS
from optviz.networks.initialisers import INITIALISERS
from optviz.networks.losses import LOSSES, cross_entropy

KEY = jax.random.key(0)


@pytest.fixture(params=NETWORKS)
def network(request):
    return NETWORKS[request.param]()


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


def test_gradient_agrees_with_differences(network):
    """Central differences in float64, along random directions."""
    with jax.enable_x64(True):
        key = jax.random.key(1)
        params, stats = weights(network, key)
        params = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), params)
        x = jax.random.normal(key, (2, 32, 32, 3), jnp.float64)
        y = jnp.array([3, 7], jnp.int32)

        @jax.jit
        def loss(params):
            return cross_entropy(
                network.apply(params, stats, x, True, key)[0], y, jnp.zeros(())
            ).mean()

        grads = jax.jit(jax.grad(loss))(params)
        rng = np.random.default_rng(0)
        h = 1e-7  # small: a longer way would cross kinks of ReLU and max-pooling
        steps = (lambda p, w: p + h * w, lambda p, w: p - h * w)
        for _ in range(5):
            way = jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape)), params)
            ahead, behind = (loss(jax.tree.map(along, params, way)) for along in steps)
            slope = sum(jax.tree.leaves(jax.tree.map(jnp.vdot, grads, way)))
            np.testing.assert_allclose((ahead - behind) / (2 * h), slope, rtol=1e-5)


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


def test_cross_entropy():
    logits = jnp.array([[0.0] * 10, [100.0] + [0.0] * 9])
    labels = jnp.array([4, 1], jnp.int32)
    losses = cross_entropy(logits, labels, jnp.zeros(()))
    np.testing.assert_allclose(losses, [np.log(10), 100], rtol=1e-6)
    assert LOSSES["cross_entropy"].function is cross_entropy
