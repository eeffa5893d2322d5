"""The quick form of a convolution is the plain one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from optviz.networks.convolution import convolve, output_size


@pytest.mark.parametrize("side", [12, 13])
@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("channels", [3, 16])
@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("stride", [1, 2])
def test_agrees_with_lax(side, size, channels, padding, stride):
    with jax.enable_x64(True):
        rng = np.random.default_rng(0)
        x = jnp.asarray(rng.normal(size=(2, side, side, channels)))
        kernel = jnp.asarray(rng.normal(size=(size, size, channels, 4)))

        def plain(x, kernel):
            return lax.conv_general_dilated(
                x,
                kernel,
                (stride, stride),
                [(padding, padding)] * 2,
                dimension_numbers=("NHWC", "HWIO", "NHWC"),
            )

        def quick(x, kernel):
            return convolve(x, kernel, stride, padding)

        expected, pull = jax.vjp(plain, x, kernel)
        found, pull_quick = jax.vjp(quick, x, kernel)
        assert found.shape[1] == output_size(side, size, stride, padding)
        np.testing.assert_allclose(found, expected, atol=1e-12)
        for ours, theirs in zip(pull_quick(found), pull(found), strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-10)
