"""Batch norm in training and in test, against plain NumPy in float64."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_networks import VARIANTS

from optviz.engine.training.programs import weights
from optviz.networks import MLP, LeNet, ResNet
from optviz.networks.layers import BatchNorm
from optviz.networks.normalisation import counting

pytestmark = pytest.mark.usefixtures("compiled_quickly")

KEY = jax.random.key(0)
NORMALISED = [name for name, network in VARIANTS.items() if network.uses_batch_statistics]


class Reference:
    """The definition, with PyTorch's running averages."""

    def __init__(self, channels: int) -> None:
        self.mean, self.variance = np.zeros(channels), np.ones(channels)

    def train(self, x: np.ndarray) -> np.ndarray:
        flat = x.reshape(-1, x.shape[-1])
        self.mean = 0.9 * self.mean + 0.1 * flat.mean(axis=0)
        self.variance = 0.9 * self.variance + 0.1 * flat.var(axis=0, ddof=1)
        return (x - flat.mean(axis=0)) / np.sqrt(flat.var(axis=0) + 1e-5)

    def test(self, x: np.ndarray) -> np.ndarray:
        return (x - self.mean) / np.sqrt(self.variance + 1e-5)


def batches(shape):
    rng = np.random.default_rng(0)
    spread, centre = rng.uniform(0.1, 4, shape[-1]), rng.normal(size=shape[-1]) * 5
    return [rng.normal(size=shape) * spread + centre for _ in range(5)]


@pytest.mark.parametrize("shape", [(16, 7), (6, 5, 4, 7), (1, 2, 2, 3)])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 2e-5), ("bfloat16", 0.04)])
def test_against_the_definition(shape, dtype, tolerance):
    rng = np.random.default_rng(1)
    scale, bias = rng.normal(size=(2, shape[-1]))
    params = {"scale": jnp.asarray(scale, dtype), "bias": jnp.asarray(bias, dtype)}
    stats = BatchNorm(False).init(KEY, jnp.zeros(shape))["batch_stats"]
    reference = Reference(shape[-1])
    for x in batches(shape):
        given = jnp.asarray(x, dtype)
        x = np.asarray(given, np.float64)  # what is left of it in this format
        found, changed = BatchNorm(True).apply(
            {"params": params, "batch_stats": stats}, given, mutable=["batch_stats"]
        )
        stats = changed["batch_stats"]
        expected = reference.train(x) * scale + bias
        assert found.dtype == dtype
        np.testing.assert_allclose(np.float64(found), expected, atol=tolerance, rtol=tolerance)
    # The averages are float32 in both formats.
    np.testing.assert_allclose(stats["mean"], reference.mean, rtol=1e-5)
    np.testing.assert_allclose(stats["variance"], reference.variance, rtol=1e-5)
    found = BatchNorm(False).apply({"params": params, "batch_stats": stats}, given)
    expected = reference.test(x) * scale + bias
    np.testing.assert_allclose(np.float64(found), expected, atol=tolerance, rtol=tolerance)


def test_gradient_is_that_of_the_definition():
    """Against central differences in float64, for the input, the scale and the bias."""
    with jax.enable_x64(True):
        rng = np.random.default_rng(0)
        x, way, pull = (jnp.asarray(v) for v in rng.normal(size=(3, 4, 3, 3, 5)))
        start = {"scale": jnp.asarray(rng.normal(size=5)), "bias": jnp.asarray(rng.normal(size=5))}
        stats = BatchNorm(False).init(KEY, x)["batch_stats"]

        def value(x, params):
            variables = {"params": params, "batch_stats": stats}
            return (BatchNorm(True).apply(variables, x, mutable=["batch_stats"])[0] * pull).sum()

        of_x, of_params = jax.grad(value, argnums=(0, 1))(x, start)
        h = 1e-6
        slope = (value(x + h * way, start) - value(x - h * way, start)) / (2 * h)
        np.testing.assert_allclose((of_x * way).sum(), slope, rtol=1e-7)
        for name, leaf in start.items():
            ahead, behind = ({**start, name: leaf + s * leaf} for s in (h, -h))
            slope = (value(x, ahead) - value(x, behind)) / (2 * h)
            np.testing.assert_allclose((of_params[name] * leaf).sum(), slope, rtol=1e-7)


def test_far_from_zero():
    """A mean a thousand times the spread: squares less the squared mean would lose the spread."""
    x = (1000 + np.random.default_rng(0).normal(size=(64, 4, 4, 3))).astype(np.float32)
    found, _ = BatchNorm(True).init_with_output(KEY, jnp.asarray(x))
    np.testing.assert_allclose(found, Reference(3).train(x.astype(np.float64)), atol=2e-3)


@partial(jax.jit, static_argnames="train")
def apply(network, params, stats, x, train):
    return network.apply(params, stats, x, train, KEY)


@pytest.mark.parametrize("name", NORMALISED)
def test_test_mode_sees_one_image_at_a_time(name):
    network = VARIANTS[name]
    params, stats = weights(network, KEY)
    x = jax.random.normal(KEY, (4, 32, 32, 3)) * 2 + 1
    other = x.at[2:].set(7.0)
    trained, changed = apply(network, params, stats, x, train=True)
    assert jax.tree.structure(changed) == jax.tree.structure(stats)
    for before, after in zip(*map(jax.tree.leaves, (stats, changed)), strict=True):
        assert (before != after).all()
    tested, same = apply(network, params, changed, x, train=False)
    jax.tree.map(np.testing.assert_array_equal, same, changed)
    assert np.abs(tested - trained).max() > 0.01
    alone, _ = apply(network, params, changed, other, train=False)
    np.testing.assert_array_equal(tested[:2], alone[:2])
    alone, _ = apply(network, params, changed, other, train=True)
    assert np.abs(trained[:2] - alone[:2]).max() > 0.01


def test_no_bias_in_front_of_it():
    params, stats = weights(MLP(hidden="8", batch_norm=True), KEY)
    assert set(params["hidden_0"]) == {"kernel"}
    assert set(params["hidden_0_norm"]) == {"scale", "bias"}
    assert set(stats) == {"batch_stats"}
    assert set(weights(MLP(hidden="8"), KEY)[0]["hidden_0"]) == {"kernel", "bias"}


def test_who_uses_it():
    assert ResNet().uses_batch_statistics
    assert not ResNet(batch_norm=False).uses_batch_statistics
    assert not MLP(dropout=jnp.float32(0.5)).uses_batch_statistics


@pytest.mark.parametrize("shape", [(16, 7), (6, 5, 4, 7)])
@pytest.mark.parametrize("size", [2, 5])
def test_what_fills_a_batch_up_does_not_count(shape, size):
    """Statistics, averages and gradient are those of the first `size` images alone."""
    x = np.random.default_rng(2).normal(size=shape).astype(np.float32) * 3 + 1
    pull = np.random.default_rng(3).normal(size=shape).astype(np.float32)
    counts = (np.arange(shape[0]) < size).astype(np.float32)

    def value(x, pull):
        found, changed = BatchNorm(True).init_with_output(KEY, x)
        return (found[:size] * pull[:size]).sum(), (found, changed["batch_stats"])

    of_value = jax.value_and_grad(value, has_aux=True)
    (alone, (found, stats)), slope = of_value(jnp.asarray(x[:size]), pull[:size])
    with counting(jnp.asarray(counts)):
        (filled, (more, filled_stats)), filled_slope = of_value(jnp.asarray(x), pull)
    np.testing.assert_allclose(filled, alone, rtol=1e-5)
    np.testing.assert_allclose(more[:size], found, atol=1e-5)
    np.testing.assert_allclose(filled_slope[:size], slope, atol=1e-5)
    np.testing.assert_array_equal(filled_slope[size:], 0)
    for name in ("mean", "variance"):
        np.testing.assert_allclose(filled_stats[name], stats[name], rtol=1e-5)


def test_the_smallest_batch():
    """One image has a spread where it has several positions, as in PyTorch."""
    assert ResNet().smallest_batch == 1
    assert MLP(batch_norm=True).smallest_batch == LeNet(batch_norm=True).smallest_batch == 2
    assert MLP().smallest_batch == 1
