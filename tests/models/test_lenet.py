"""LeNet-5 of 1998: the partial C3 table, trainable subsampling, codes as output."""

import pytest
import torch
from torch import nn

from lit_cnns import papers
from lit_cnns.models import LeNet5, LeNet5Modern
from lit_cnns.models.lenet import RBF

TABLE = next(layer["table"] for layer in papers.row("lenet5_1998")["layers"] if layer["name"] == "C3")


def test_a_map_of_c3_sees_the_maps_of_its_column_in_table_1_and_no_others():
    c3 = LeNet5().C3
    for place, seen in enumerate(TABLE):
        maps = torch.randn(1, 6, 14, 14, requires_grad=True)
        c3(maps)[0, place].sum().backward()
        assert maps.grad.abs().sum((0, 2, 3)).nonzero().flatten().tolist() == seen


def test_c3_has_a_kernel_for_each_connection_and_no_weight_besides():
    c3 = LeNet5().C3
    assert sum(p.numel() for p in c3.parameters()) == 1516
    assert c3.fan_in().flatten().tolist() == [25 * len(seen) for seen in TABLE for _ in seen]


def test_c3_is_a_convolution_with_zeros_where_nothing_is_connected():
    c3, full = LeNet5().C3, nn.Conv2d(6, 16, 5)
    nn.init.zeros_(full.weight)
    kernels = iter(c3.weight.detach())
    with torch.no_grad():
        for place, seen in enumerate(TABLE):
            for source in seen:
                full.weight[place, source] = next(kernels)
        full.bias.copy_(c3.bias)
        maps = torch.randn(2, 6, 14, 14)
        torch.testing.assert_close(c3(maps), full(maps))


def test_subsampling_adds_four_pixels_times_a_coefficient_plus_a_bias():
    s2 = LeNet5().S2
    with torch.no_grad():
        s2.coefficient.copy_(torch.arange(6.0))
        s2.bias.fill_(0.5)
    maps = torch.randn(2, 6, 4, 4)
    total = maps[:, :, ::2, ::2] + maps[:, :, 1::2, ::2] + maps[:, :, ::2, 1::2] + maps[:, :, 1::2, 1::2]
    torch.testing.assert_close(s2(maps), total * torch.arange(6.0)[:, None, None] + 0.5)


def test_subsampling_starts_as_a_mean():
    maps = torch.randn(2, 6, 8, 8)
    torch.testing.assert_close(LeNet5().S2(maps), nn.functional.avg_pool2d(maps, 2))


def test_the_squashing_function_keeps_plus_and_minus_one():
    tanh1 = LeNet5().tanh1
    torch.testing.assert_close(tanh1(torch.tensor([1.0, -1.0])), torch.tensor([1.0, -1.0]), atol=1e-4, rtol=0)
    torch.testing.assert_close(tanh1(torch.tensor(1e3)), torch.tensor(1.7159))


def test_logits_are_minus_the_squared_distance_to_each_code():
    output = LeNet5().output
    states = torch.randn(3, 84)
    logits = output(states)
    for picture in range(3):
        for digit in range(10):
            assert logits[picture, digit].item() == pytest.approx(
                -((states[picture] - output.codes[digit]) ** 2).sum().item(), rel=1e-5
            )
    assert output(output.codes).argmax(1).tolist() == list(range(10))
    assert output(output.codes).diagonal().tolist() == [0.0] * 10


def test_the_codes_are_ten_different_bitmaps_of_7_by_12():
    codes = LeNet5().output.codes
    assert codes.shape == (10, 7 * 12)
    assert set(codes.unique().tolist()) == {-1.0, 1.0}
    assert torch.cdist(codes, codes).square().fill_diagonal_(1e3).min() >= 4 * 8  # eight pixels differ at least


@pytest.mark.parametrize("num_classes", [2, 26, 100])
def test_other_class_counts_get_the_same_codes_of_coin_tosses_each_time(num_classes):
    codes, again = LeNet5(num_classes).output.codes, LeNet5(num_classes).output.codes
    assert torch.equal(codes, again)
    assert set(codes.unique().tolist()) == {-1.0, 1.0}
    assert len(codes.unique(dim=0)) == num_classes


def test_drawing_codes_leaves_the_random_numbers_of_the_run_alone():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    RBF(26)
    assert torch.rand(1) == expected


def test_codes_are_no_parameters():
    assert "output.codes" in LeNet5().state_dict()
    assert "output.codes" not in dict(LeNet5().named_parameters())


def test_the_modern_reading_pools_without_parameters_and_sees_all_maps():
    net = LeNet5Modern()
    assert not list(net.S2.parameters())
    assert net.C3.weight.shape == (16, 6, 5, 5)
