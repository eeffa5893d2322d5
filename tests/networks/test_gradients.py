"""The gradient of everything that is trained, against central differences in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_networks import VARIANTS

from optviz.engine.training.programs import weights  # a quick compilation of `init`
from optviz.networks.activations import ACTIVATIONS
from optviz.networks.losses import LOSSES, cross_entropy


@jax.jit
def value_and_grad(params, stats, network, x, y, key):
    def loss(params):
        return cross_entropy(network.apply(params, stats, x, True, key)[0], y).mean()

    return jax.value_and_grad(loss)(params)


@pytest.mark.parametrize("name", VARIANTS)
def test_network(name):
    """Along random directions, in training; where layers draw, with one fixed draw."""
    with jax.enable_x64(True):
        key = jax.random.key(1)
        params, stats = weights(VARIANTS[name], key)
        params = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), params)
        x = jax.random.normal(key, (4, 32, 32, 3), jnp.float64)
        rest = stats, VARIANTS[name], x, jnp.array([3, 7, 3, 0], jnp.int32), key
        _, grads = value_and_grad(params, *rest)
        rng = np.random.default_rng(0)
        h = 1e-9  # small: a longer way would cross kinks of ReLU and max-pooling
        for _ in range(4):
            way = jax.tree.map(lambda leaf: rng.normal(size=leaf.shape), params)
            ends = [jax.tree.map(lambda p, w, s=s: p + s * w, params, way) for s in (h, -h)]
            ahead, behind = (value_and_grad(end, *rest)[0] for end in ends)
            slope = sum(jax.tree.leaves(jax.tree.map(np.vdot, grads, way)))
            np.testing.assert_allclose((ahead - behind) / (2 * h), slope, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("name", LOSSES)
def test_loss(name, smoothing):
    with jax.enable_x64(True):
        rng = np.random.default_rng(0)
        logits, way = jnp.asarray(rng.normal(size=(2, 16, 10)) * 2)
        labels = jnp.asarray(rng.integers(10, size=16), jnp.int32)

        def mean_loss(logits):
            return LOSSES[name].function(logits, labels, smoothing).mean()

        h = 1e-6
        slope = (mean_loss(logits + h * way) - mean_loss(logits - h * way)) / (2 * h)
        np.testing.assert_allclose(jnp.vdot(jax.grad(mean_loss)(logits), way), slope, rtol=1e-7)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(name):
    with jax.enable_x64(True):
        x = jnp.linspace(-4, 4, 200)  # an even number of points: none at the kink
        h = 1e-6
        slope = (ACTIVATIONS[name](x + h) - ACTIVATIONS[name](x - h)) / (2 * h)
        found = jax.grad(lambda x: ACTIVATIONS[name](x).sum())(x)
        np.testing.assert_allclose(found, slope, rtol=1e-7, atol=1e-8)
