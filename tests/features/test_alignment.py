"""Layers as a tree, and lined up by stride."""

import torch
from torch import nn

from lit_cnns.features import last_at_strides, layers, outline, receptive_fields
from lit_cnns.models import AlexNet, GoogLeNet, ResNet


def lined_up(net: nn.Module, side: int = 224) -> dict[int, str]:
    found = layers(net, (3, side, side))
    at = last_at_strides(found, receptive_fields(net, (3, side, side)))
    return {stride[0]: layer.name for stride, layer in at.items()}


def test_networks_of_the_lineage_line_up_by_their_papers_tables() -> None:
    with torch.device("meta"):
        resnet, googlenet, alexnet = ResNet(18, 10), GoogLeNet(10), AlexNet(10)
    assert lined_up(resnet) == {2: "relu1", 4: "conv2_2", 8: "conv3_2", 16: "conv4_2", 32: "conv5_2"}
    assert lined_up(googlenet) == {2: "relu1", 4: "norm2", 8: "inception_3b", 16: "inception_4e", 32: "inception_5b"}
    assert lined_up(alexnet) == {4: "norm1", 8: "norm2", 16: "relu5", 32: "pool5"}


def test_parts_lie_below_the_blocks_that_are_listed() -> None:
    net = nn.Sequential()
    net.add_module("conv1", nn.Conv2d(3, 4, 3))
    block = nn.Sequential(nn.Conv2d(4, 4, 3), nn.Sequential(nn.ReLU()))
    net.add_module("block", block)
    depths = outline(layers(net, (3, 9, 9)))
    assert depths == {"conv1": 0, "block": 0, "block.0": 1, "block.1": 1, "block.1.0": 2}


def test_maps_of_one_place_have_no_scale() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    assert lined_up(net, 8) == {2: "0"}
