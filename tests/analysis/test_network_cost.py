"""The textbook's formulas, against XLA's count and by hand."""

import pytest
from small_networks import VARIANTS

from optviz.analysis.network_cost import cost, memory, xla_flops
from optviz.networks import MLP, LeNet, ResNet
from optviz.optimizers import OPTIMIZERS


@pytest.mark.parametrize("name", VARIANTS)
def test_formula_agrees_with_xla(name):
    """To a thousandth, once products with padded zeros, which XLA does not count, are left out.

    What remains is one operation a channel for the root in batch norm.
    """
    found = cost(VARIANTS[name])
    expected = xla_flops(VARIANTS[name])
    assert found.flops - found.flops_on_padding == pytest.approx(expected, rel=1e-3)
    assert found.parameters == VARIANTS[name].num_params()
    assert found.activations == sum(layer.activations for layer in found.layers)


def test_defaults_agree_with_xla():
    found = cost(ResNet())
    assert found.flops - found.flops_on_padding == pytest.approx(xla_flops(ResNet()), rel=1e-4)


def test_lenet_by_hand():
    rows = {layer.name: layer for layer in cost(LeNet()).layers}
    first = rows["conv_0"]
    assert first.kind == "convolution"
    assert first.output_shape == (28, 28, 6)
    assert first.parameters == 5 * 5 * 3 * 6 + 6
    assert first.flops == 2 * 5 * 5 * 3 * 28 * 28 * 6 + 28 * 28 * 6
    assert first.activations == 28 * 28 * 6
    assert first.flops_on_padding == 0
    assert rows["output"].flops == 2 * 84 * 10 + 10
    assert rows["conv_0_relu"].flops == 28 * 28 * 6
    assert [layer.name for layer in cost(LeNet()).layers][:3] == [
        "conv_0",
        "conv_0_relu",
        "MaxPool_0",
    ]


def test_resnet_by_hand():
    """12.2 million multiply-adds in convolutions and the last layer."""
    found = cost(ResNet())
    products = [
        layer.flops for layer in found.layers if layer.kind in ("convolution", "fully connected")
    ]
    macs = 32**2 * (432 + 2 * 2304) + 16**2 * (4608 + 9216) + 8**2 * (18432 + 36864) + 640
    assert sum(products) == 2 * macs + 10
    strided = next(layer for layer in found.layers if layer.name == "stage_1_block_0_conv_0")
    assert strided.output_shape == (16, 16, 32)
    # Stride 2 from one row of padding: only the first of three rows or columns is ever outside.
    assert strided.flops_on_padding == 2 * 16 * 32 * ((3 * 16) ** 2 - (3 * 16 - 1) ** 2)


@pytest.mark.parametrize(("rule", "copies"), [("sgd", 0), ("momentum", 1), ("adam", 2)])
def test_memory(rule, copies):
    network = MLP(hidden="8")
    params = 4 * network.num_params()
    found = memory(network, OPTIMIZERS[rule](), batch_size=32, runs=3)
    assert found.weights == found.gradients == 3 * params
    assert found.state == pytest.approx(3 * copies * params, abs=3 * 16)  # a counter or two
    assert found.activations == 3 * 4 * 32 * cost(network).activations
    assert found.total == found.weights + found.gradients + found.state + found.activations
    one = memory(network, OPTIMIZERS[rule](), batch_size=32)
    assert found.total == 3 * one.total


def test_running_averages_are_weights():
    network = ResNet()
    found = memory(network, OPTIMIZERS["sgd"](), batch_size=1)
    assert found.weights - found.gradients == 4 * 2 * (3 * 16 + 2 * 32 + 2 * 64)
