"""Networks have the papers' sizes."""

import pytest

from optviz.networks import MLP, VGG, LeNet, Linear, Plain, ResNet, ResNet9


@pytest.mark.parametrize(
    ("network", "count"),
    [
        (Linear(), 30_730),
        (MLP(), 820_874),
        (LeNet(), 62_006),
        # "0.27M, 0.46M, 0.66M, 0.85M, 1.7M": He et al. 2016, table 6.
        (ResNet(depth=20), 269_722),
        (ResNet(depth=32), 464_154),
        (ResNet(depth=44), 658_586),
        (ResNet(depth=56), 853_018),
        (ResNet(), 75_290),
        (Plain(depth=20), 269_722),  # identity shortcuts have no parameters
        (ResNet(shortcut="projection"), 78_042),  # 16·32 + 32·64 weights, 2·(32 + 64) of batch norm
        (ResNet9(), 6_573_120),
        # Thirteen convolutions of VGG-16 as counted everywhere, and three dense layers.
        (
            VGG(depth=16, width=64, batch_norm=False),
            14_714_688 + 2 * (512 * 512 + 512) + 5_130,
        ),
    ],
    ids=str,
)
def test_parameters(network, count):
    assert network.num_params() == count


@pytest.mark.parametrize("cls", [Plain, ResNet])
def test_depth_is_6n_plus_2(cls):
    for depth in (8, 14, 110):
        cls(depth=depth).check()
    with pytest.raises(ValueError, match=rf"^{cls.__name__}.depth must be 6n \+ 2 .*, got 9$"):
        cls(depth=9).check()
