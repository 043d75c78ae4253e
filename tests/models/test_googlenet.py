"""GoogLeNet: heads on the side that `forward` never runs, 5x5 branches, the replication's weights."""

import pytest
import torch
from torch import nn

from lit_cnns.models import GoogLeNet, GoogLeNetSmall


@pytest.fixture(scope="module")
def small() -> GoogLeNetSmall:
    torch.manual_seed(0)
    return GoogLeNetSmall(num_classes=4)


def test_forward_never_runs_the_heads(small):
    def run(*_):
        pytest.fail("a head ran")

    hooks = [head.register_forward_hook(run) for head in (small.aux1, small.aux2)]
    for mode in (True, False):
        small.train(mode)(torch.randn(2, 3, 32, 32))
    for hook in hooks:
        hook.remove()


def test_all_logits_are_those_of_both_heads_and_of_forward(small):
    picture = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        found, main = small.eval().all_logits(picture), small(picture)
    assert [*found] == ["aux1", "aux2", "main"]
    assert {logits.shape for logits in found.values()} == {(2, 4)}
    assert torch.equal(found["main"], main)


@pytest.mark.parametrize(("head", "last"), [("aux1", "4a"), ("aux2", "4d")])
def test_a_head_trains_the_layers_below_it_and_no_others(small, head, last):
    small.train().zero_grad()
    small.all_logits(torch.randn(2, 3, 32, 32))[head].square().sum().backward()
    moved = {name.split(".")[0] for name, weight in small.named_parameters() if weight.grad is not None}
    below = [name for name in dict(small.named_children()) if name.startswith("inception") and name[-2:] <= last]
    assert moved == {"conv1", "conv2_reduce", "conv2", head, *below}


def test_without_heads_only_the_main_logits_come_and_other_sizes_fit():
    net = GoogLeNetSmall(aux=False).eval()
    assert not any(name.startswith("aux") for name, _ in net.named_modules())
    with torch.inference_mode():
        assert [*net.all_logits(torch.randn(1, 3, 48, 40))] == ["main"]


def test_heads_refuse_pictures_of_another_size_than_theirs(small):
    with pytest.raises(ValueError, match=r"32 pixels a side, not 40 x 40; build the network with aux=False"):
        small.all_logits(torch.randn(1, 3, 40, 40))


@pytest.mark.parametrize("size", [8, 16, 18, 20, 24, 28, 31, 32, 48])
def test_the_adaptation_and_its_heads_are_built_for_any_size(size):
    with torch.device("meta"):
        net = GoogLeNetSmall(image_size=size)
        found = net.all_logits(torch.empty(2, 3, size, size))
    assert {logits.shape for logits in found.values()} == {(2, 10)}


def test_the_separable_conv1_has_the_2712_weights_of_table_1():
    with torch.device("meta"):
        net = GoogLeNet(separable=True)
    assert net.conv1_dw.weight.numel() + net.conv1.weight.numel() == 2712
    assert net.conv1_dw.groups == net.in_channels


@pytest.mark.parametrize("size", [32, 64, 224, 300])
def test_the_paper_network_takes_any_size_from_32(size):
    with torch.device("meta"):
        assert GoogLeNet(aux=False)(torch.empty(1, 3, size, size + 3)).shape == (1, 1000)


def test_a_module_puts_its_branches_side_by_side_in_the_papers_order(small):
    block, x = small.inception_3a.eval(), torch.randn(1, 48, 8, 8)
    five = torch.relu(block.b5(torch.relu(block.b5_reduce(x))))
    pool = torch.relu(block.pool_proj(nn.functional.max_pool2d(x, 3, 1, 1)))
    assert block.b5.kernel_size == (5, 5)
    torch.testing.assert_close(block(x)[:, -16:], torch.cat([five, pool], 1))
