"""Kernels of the first convolution: which tower they are of, and how much of them is colour."""

import numpy as np
import pytest
import torch
from torch import nn

from lit_cnns.features import colour_index, draw_kernels, first_kernels, kernel_layout, kernels
from lit_cnns.models import AlexNet, GoogLeNet


def slow_colour_index(kernel: torch.Tensor) -> float:
    """By a basis of the colour space: grey, red against green, and yellow against blue."""
    basis = np.array([[1, 1, 1], [1, -1, 0], [1, 1, -2]]) / np.sqrt([[3], [2], [6]])
    energy = np.zeros(3)
    for row in range(kernel.shape[1]):
        for column in range(kernel.shape[2]):
            energy += (basis @ kernel[:, row, column].double().numpy()) ** 2
    return float(energy[1:].sum() / energy.sum())


def test_the_colour_index_is_the_energy_of_the_two_opponent_axes() -> None:
    torch.manual_seed(0)
    weight = torch.randn(6, 3, 5, 4)
    assert colour_index(weight).tolist() == pytest.approx([slow_colour_index(kernel) for kernel in weight], abs=1e-6)


def test_grey_kernels_have_none_opponent_ones_all_and_a_single_channel_two_thirds() -> None:
    edge = torch.randn(1, 5, 5)
    grey, opponent, red = (edge * torch.tensor(c)[:, None, None] for c in ([1.0, 1, 1], [1.0, -1, 0], [1.0, 0, 0]))
    assert colour_index(torch.stack([grey, opponent, red])).tolist() == pytest.approx([0, 1, 2 / 3], abs=1e-6)
    noise = colour_index(torch.randn(2000, 3, 11, 11, generator=torch.Generator().manual_seed(0)))
    assert noise.mean().item() == pytest.approx(2 / 3, abs=0.005)


def test_what_is_grey_is_judged_in_the_picture_before_normalisation() -> None:
    std = (0.2, 0.25, 0.5)
    grey_in_the_picture = torch.ones(1, 3, 3, 3) * torch.tensor(std)[:, None, None]
    assert colour_index(grey_in_the_picture, std).item() == pytest.approx(0, abs=1e-6)
    assert colour_index(grey_in_the_picture).item() > 0.1


def test_kernels_that_see_no_three_channels_have_no_colour() -> None:
    with pytest.raises(ValueError, match=r"\[N, 3, h, w\], not \[6, 1, 5, 5\]"):
        colour_index(torch.randn(6, 1, 5, 5))
    assert colour_index(torch.zeros(1, 3, 2, 2)).isnan().all()


def test_alexnets_kernels_are_two_towers_of_48_and_others_are_one() -> None:
    with torch.device("meta"):
        two, one = AlexNet(10), AlexNet(10, variant="ungrouped")
    two.conv1.to_empty(device="cpu")
    one.conv1.to_empty(device="cpu")
    assert first_kernels(two).towers == [range(48), range(48, 96)]
    assert first_kernels(one).towers == [range(96)]
    separable = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3, groups=8))
    assert first_kernels(separable).towers == [range(8)]


def test_a_tower_is_what_its_half_of_conv2_sees() -> None:
    torch.manual_seed(0)
    net = AlexNet(10)
    net.conv1.weight.data[48:] = 0
    net.conv1.bias.data[:] = 0
    net.conv2.bias.data[:] = 0
    answered = net[:5](torch.randn(1, 3, 224, 224))[0].flatten(1).abs().sum(1)  # up to pool1 and conv2
    assert (answered[:128] > 0).all()
    assert (answered[128:] == 0).all()


def test_colour_kernels_are_drawn_in_colour_and_the_chosen_one_is_framed() -> None:
    weight = torch.randn(8, 3, 5, 5)
    plan = kernel_layout(weight)
    plain, framed = draw_kernels(weight), draw_kernels(weight, mark=3)
    top, left = plan.corner(3)
    assert plain.shape == framed.shape == (*plan.size, 3)
    assert framed[top - 1, left].tolist() == [255, 140, 0]
    inside = np.s_[top : top + plan.height, left : left + plan.width]
    assert np.array_equal(plain[inside], framed[inside])


def test_kernels_of_a_colour_network_are_in_colour() -> None:
    assert kernels(nn.Sequential(nn.Conv2d(3, 8, 5))).shape[2:] == (3,)
    assert kernels(nn.Sequential(nn.Conv2d(1, 6, 5))).ndim == 2
    with pytest.raises(ValueError, match="no convolution"):
        kernels(nn.Linear(2, 2))


def test_the_first_convolution_has_the_papers_name() -> None:
    with torch.device("meta"):
        net = GoogLeNet(10)
    net.conv1.to_empty(device="cpu")
    assert first_kernels(net).name == "conv1"
