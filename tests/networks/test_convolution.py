"""Every form of a convolution is the plain one."""

from functools import cache

import jax
import numpy as np
import pytest
from jax import lax

from optviz.networks.convolution import FORMS, convolutions_as, convolve, output_size

pytestmark = pytest.mark.usefixtures("compiled_quickly")

CHANNELS_OUT = 4


def with_gradients(convolution):
    """One program: the output, and the gradients of both inputs for the output as cotangent."""

    def both(x, kernel):
        out, pull = jax.vjp(convolution, x, kernel)
        return out, *pull(out)

    return jax.jit(both)


def inputs(side, size, channels):
    rng = np.random.default_rng(0)
    return rng.normal(size=(2, side, side, channels)), rng.normal(
        size=(size, size, channels, CHANNELS_OUT)
    )


@cache
def expected(side, size, channels, padding, stride):
    """What the library's own convolution gives, compiled once for all forms."""

    def plain(x, kernel):
        return lax.conv_general_dilated(
            x,
            kernel,
            (stride, stride),
            [(padding, padding)] * 2,
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )

    return with_gradients(plain)(*inputs(side, size, channels))


@pytest.mark.parametrize("side", [12, 13])
@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("channels", [3, 16])
@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("form", FORMS)
def test_agrees_with_lax(side, size, channels, padding, stride, form):
    with jax.enable_x64(True), convolutions_as(form):
        shape = (side, size, channels, padding, stride)
        # A program of its own: the form is read while it is traced, and is no argument.
        found = with_gradients(lambda x, kernel: convolve(x, kernel, stride, padding))(
            *inputs(side, size, channels)
        )
        assert found[0].shape[1] == output_size(side, size, stride, padding)
        assert found[0].dtype == np.float64
        for ours, theirs in zip(found, expected(*shape), strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-10)
