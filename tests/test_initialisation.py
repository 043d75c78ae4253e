"""Weights start as the papers say, also in layers of unusual form."""

import pytest
import torch
from torch import nn

import lit_cnns
from lit_cnns.initialisation import INITIALISATIONS, fan_out, initialise


@pytest.mark.parametrize(
    ("name", "std"),
    [("gaussian", 0.01), ("xavier", (1 / 400) ** 0.5), ("he_fan_in", (2 / 400) ** 0.5), ("lecun", 2.4 / 400 / 3**0.5)],
)
def test_a_layer_of_400_inputs_has_the_spread_its_rule_says(name, std):
    layer = nn.Conv2d(16, 600, 5)
    initialise(layer, name, bias=0.5)
    assert float(layer.weight.detach().std()) == pytest.approx(std, rel=0.02)
    assert layer.bias.unique().tolist() == [0.5]


def test_he_counts_the_outputs_of_a_convolution():
    layer = nn.Conv2d(600, 16, 5)
    initialise(layer, "he")
    assert float(layer.weight.detach().std()) == pytest.approx((2 / 400) ** 0.5, rel=0.02)


def test_each_map_of_c3_is_bounded_by_the_inputs_it_sees():
    c3 = lit_cnns.build("lenet5_1998").net.C3
    assert float(c3.weight[:18].abs().max()) <= 2.4 / 75
    assert float(c3.weight[-6:].abs().max()) <= 2.4 / 150
    assert float(c3.weight[:18].abs().max()) > 2.4 / 80


def test_a_place_of_a_locally_connected_layer_sees_its_patch():
    local3 = lit_cnns.build("alexnet_cifar_13pct", init="he_fan_in").net.local3
    assert float(local3.weight.detach().std()) == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)


@pytest.mark.parametrize(
    ("layer", "std"),
    [
        (nn.Conv2d(16, 600, 5), (2 / (400 + 15_000)) ** 0.5),
        (nn.Conv2d(32, 600, 5, groups=2), (2 / (400 + 7_500)) ** 0.5),
        (nn.Linear(400, 600), (2 / 1000) ** 0.5),
    ],
)
def test_glorot_counts_the_inputs_and_the_outputs_of_a_layer(layer, std):
    initialise(layer, "glorot")
    assert float(layer.weight.detach().std()) == pytest.approx(std, rel=0.02)


def test_glorot_starts_a_locally_connected_layer_as_the_convolution_of_its_form():
    net = lit_cnns.build("alexnet_cifar_13pct", init="glorot").net
    assert float(net.local3.weight.detach().std()) == pytest.approx((2 / (64 * 9 + 32 * 9)) ** 0.5, rel=0.02)
    assert float(net.local4.weight.detach().std()) == pytest.approx((2 / (32 * 9 + 32 * 9)) ** 0.5, rel=0.02)


def test_each_map_of_s2_reaches_ten_maps_of_c3():
    assert fan_out(lit_cnns.build("lenet5_1998").net.C3).unique().tolist() == [10 * 25]


@pytest.mark.parametrize("name", INITIALISATIONS)
@pytest.mark.parametrize("network", ["lenet5_1998", "alexnet_cifar_13pct"])
def test_a_network_without_memory_can_be_laid_out(name, network):
    with torch.device("meta"):
        lit_cnns.build(network, init=name)
