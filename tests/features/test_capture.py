"""Capture copies what layers put out, and leaves the network as it was."""

import threading
import warnings
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lit_cnns.features import LayerInfo, capture, layers


class Tiny(nn.Module):
    """An in-place ReLU that runs twice, a block, a head for training only, and a layer that gives a tuple."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.block = nn.Sequential()
        self.block.add_module("conv2", nn.Conv2d(4, 6, 3, stride=2))
        self.block.add_module("norm2", nn.BatchNorm2d(6))
        self.pair = Pair()
        self.aux = nn.Linear(6, 2)
        self.fc = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.block(self.relu(self.conv1(x))))
        x, _ = self.pair(x.mean((2, 3)))
        return self.fc(x) + (self.aux(x).sum() if self.training else 0)


class Pair(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, x


@pytest.fixture
def net() -> Tiny:
    torch.manual_seed(0)
    return Tiny()


def run(net: nn.Module, *names: str, channels: int = 3) -> dict[str, Tensor]:
    with capture(net, names) as maps:
        net(torch.ones(1, channels, 9, 9))
    return maps


def hooks(net: nn.Module) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in net.modules())


def test_an_in_place_operation_does_not_reach_the_copy(net: Tiny) -> None:
    assert run(net, "conv1")["conv1"].min() < 0


def test_what_a_layer_is_given_can_be_kept_in_place_of_what_it_makes(net: Tiny) -> None:
    with capture(net, ["relu", "block"], inputs=True) as given:
        net(torch.ones(1, 3, 9, 9))
    assert given["relu"].shape == (1, 6, 4, 4)
    assert given["relu"].min() < 0, "the in-place ReLU reached the copy"
    assert torch.equal(given["block"], run(net, "conv1")["conv1"].relu())
    assert hooks(net) == 0


def test_of_a_layer_that_runs_twice_the_last_output_is_kept(net: Tiny) -> None:
    assert run(net, "relu")["relu"].shape == (1, 6, 4, 4)


def test_blocks_can_be_captured_with_their_parts(net: Tiny) -> None:
    maps = run(net, "block", "block.norm2")
    assert torch.equal(maps["block"], maps["block.norm2"])


def test_a_layer_without_a_tensor_or_not_reached_is_left_out_with_a_sentence(net: Tiny) -> None:
    with pytest.warns(UserWarning, match=r"'pair' gives a tuple.*left out"):
        assert run(net, "pair") == {}
    with pytest.warns(UserWarning, match="'aux' was not reached"):
        assert run(net, "aux") == {}


def test_an_unknown_layer_names_its_neighbours(net: Tiny) -> None:
    with pytest.raises(ValueError, match=r"Tiny has no layer 'block.conv'.*block.conv2"), capture(net, ["block.conv"]):
        pass


def test_modes_come_back_module_by_module_and_no_hook_stays(net: Tiny) -> None:
    net.train()
    net.block.eval()
    with capture(net, []):
        assert not net.training
    with pytest.raises(RuntimeError):
        run(net, "conv1", channels=7)
    assert hooks(net) == 0
    assert net.training
    assert not net.block[1].training


def test_captures_of_one_network_wait_for_each_other(net: Tiny) -> None:
    seen: dict[int, Any] = {}

    def work(index: int) -> None:
        with capture(net, ["conv1"]) as maps:
            for _ in range(5):
                net(torch.full((1, 3, 9, 9), float(index)))
        seen[index] = maps["conv1"]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index, maps in seen.items():
        assert torch.equal(maps, net.conv1(torch.full((1, 3, 9, 9), float(index))))
    assert hooks(net) == 0


def test_layers_come_in_the_order_of_the_forward_pass_with_shapes_for_the_given_size(net: Tiny) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = layers(net, (3, 9, 9))
    assert found == [
        LayerInfo("conv1", "Conv2d", (4, 9, 9)),
        LayerInfo("relu", "ReLU", (6, 4, 4)),
        LayerInfo("block", "Sequential", (6, 4, 4)),
        LayerInfo("block.conv2", "Conv2d", (6, 4, 4)),
        LayerInfo("block.norm2", "BatchNorm2d", (6, 4, 4)),
        LayerInfo("fc", "Linear", (5,)),
    ]
    assert layers(net, (3, 17, 9))[0].shape == (4, 17, 9)
    assert net.training
    assert hooks(net) == 0
