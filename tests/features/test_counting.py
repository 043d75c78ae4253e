"""Parameters, multiply-accumulates and weight layers, counted without computing anything."""

import pytest
import torch
from torch import nn

from lit_cnns.features import Counts, count, weight_layers


class Own(nn.Module):
    """A layer that says itself what it costs."""

    weight_layers = 3

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x

    def macs(self, output: torch.Tensor) -> int:
        return 1000 * output.shape[1]


def test_a_convolution_costs_its_kernel_at_every_place_and_its_bias_nothing():
    conv = nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2)
    assert count(conv, (4, 8, 8)) == Counts(params=6 * 2 * 9 + 6, macs=6 * 2 * 9 * 4 * 4)


def test_a_fully_connected_layer_costs_its_weights():
    assert count(nn.Sequential(nn.Flatten(), nn.Linear(12, 5)), (3, 2, 2)) == Counts(65, 60)


def test_batch_norm_has_parameters_but_no_macs():
    assert count(nn.BatchNorm2d(7), (7, 4, 4)) == Counts(14, 0)


def test_a_layer_may_say_its_own_cost():
    assert count(Own(), (2, 4, 4)) == Counts(5, 2000)
    assert weight_layers(nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1), Own())) == 1 + 3


def test_frozen_weights_are_not_counted_as_parameters():
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.Linear(3, 2))
    net[1].requires_grad_(False)
    assert count(net, (1, 2, 2)) == Counts(8, 18)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_any_precision_is_counted(dtype):
    assert count(nn.Conv2d(1, 2, 3).to(dtype), (1, 5, 5)) == Counts(20, 162)


def test_counting_leaves_the_network_as_it_was():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    count(net, (1, 5, 5))
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert net.training
    assert net[1].training
    assert not net[0]._forward_hooks
