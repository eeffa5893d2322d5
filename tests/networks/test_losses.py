"""Losses have PyTorch's values."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from optviz.networks.losses import LOSSES

LOGITS = np.array([[0.5, -1.25, 2.0, 0.0], [3.0, 1.0, -0.5, 0.25], [-1.0, -2.0, 0.125, 0.75]])
LABELS = np.array([2, 1, 3], np.int32)


# In float64 by PyTorch 2.13: cross_entropy(…, label_smoothing), 4 multi_margin_loss, mse_loss.
@pytest.mark.parametrize(
    ("name", "smoothing", "expected"),
    [
        ("cross_entropy", 0.0, [0.334498612604, 2.206575477942, 0.572652289808]),
        ("cross_entropy", 0.1, [0.503248612604, 2.212825477942, 0.700777289808]),
        ("hinge", 0.0, [0.0, 3.25, 0.375]),
        ("squared_error", 0.0, [0.703125, 2.328125, 1.26953125]),
    ],
)
def test_values(name, smoothing, expected):
    with jax.enable_x64(True):
        found = LOSSES[name].function(jnp.asarray(LOGITS), jnp.asarray(LABELS), smoothing)
        np.testing.assert_allclose(found, expected, atol=1e-11)
    found = LOSSES[name].function(jnp.float32(LOGITS), jnp.asarray(LABELS), jnp.float32(smoothing))
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_smoothing_does_what_is_said(name):
    """Where it smooths, all labels count alike at 1; elsewhere it changes nothing. It is traced."""
    loss = LOSSES[name]
    function = jax.jit(loss.function)
    values = [
        function(jnp.float32(LOGITS), jnp.roll(LABELS, shift), jnp.float32(smoothing))
        for shift in (0, 1)
        for smoothing in (0.0, 1.0)
    ]
    assert function._cache_size() == 1
    assert np.allclose(values[1], values[3], rtol=1e-5) == loss.smooths
    assert np.array_equal(values[0], values[1]) != loss.smooths
    assert loss.label


def test_all_classes_alike():
    logits, labels = jnp.zeros((2, 10)), jnp.array([0, 9], jnp.int32)
    np.testing.assert_allclose(
        LOSSES["cross_entropy"].function(logits, labels, 0.0), np.log(10), rtol=1e-6
    )
    np.testing.assert_array_equal(LOSSES["hinge"].function(logits, labels, 0.0), 9)
    np.testing.assert_allclose(
        LOSSES["squared_error"].function(logits, labels, 0.0), 0.1, rtol=1e-6
    )


def test_huge_logits_stay_finite():
    logits = jnp.array([[1e4, 0.0, -1e4]])
    for loss in LOSSES.values():
        assert jnp.isfinite(loss.function(logits, jnp.array([2], jnp.int32), 0.1)).all()
