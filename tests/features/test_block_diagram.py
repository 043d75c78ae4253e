"""A network's diagram says what the module is: its parts, what each takes, and how its layers are counted."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lit_cnns import LINEAGE, features, papers
from lit_cnns.lineage import build

DEEP = 40  # weight layers; the deeper ones are left to the slow suite


def diagram_of(name: str) -> features.Diagram:
    with torch.device("meta"):
        net = build(name).net
    return features.diagram(net, papers.row(name)["input_size"])


def nodes_of(name: str) -> dict[str, features.Node]:
    return {node.name: node for block in diagram_of(name).blocks for node in block.nodes}


def with_the_deep_ones_slow() -> Iterator[Any]:
    for name in LINEAGE:
        layers = papers.row(name)["weight_layers"]
        deep = (layers.get("counted") or layers["paper"]) > DEEP
        yield pytest.param(name, marks=pytest.mark.slow if deep else ())


@pytest.mark.parametrize("name", with_the_deep_ones_slow())
def test_every_network_has_a_diagram_whose_layers_are_counted_as_its_paper_counts_them(name: str) -> None:
    with torch.device("meta"):
        net = build(name).net
    found = features.diagram(net, papers.row(name)["input_size"])
    assert found.weight_layers == features.weight_layers(net)
    assert found.blocks[-1].nodes[-1].shape[0] == net.num_classes
    drawn = ET.fromstring(features.draw(found, name))
    boxes = [part for part in drawn.iter("{http://www.w3.org/2000/svg}g") if part.get("tabindex")]
    inside = sum(len(block.nodes) for block in found.blocks) + sum(len(nodes) for _, nodes in found.heads.values())
    assert len(boxes) == inside + (found.towers - 1) * (len(found.blocks) - 1)
    assert len(boxes) < 160, "it can be read"


@pytest.mark.slow
def test_a_network_of_1202_layers_is_drawn_in_a_handful_of_blocks() -> None:
    blocks = diagram_of("resnet1202_cifar").blocks
    counts = {block.name: block.count for block in blocks}
    assert counts == {"conv1": 1, "stage1_1": 200, "stage2_1": 1, "stage2_2": 199, "stage3_1": 1, "stage3_2": 199} | {
        "gap": 1,
        "fc": 1,
    }
    assert (blocks[1].last, blocks[-1].nodes[0].number) == ("stage1_200", 1202)


def test_the_towers_of_alexnet_meet_at_conv3_and_from_fc6_on() -> None:
    found = diagram_of("alexnet")
    assert found.towers == 2
    meeting = [b.name for b in found.blocks[1:] if b.nodes[0].apart == 1]
    assert meeting == ["conv3", "fc6", "fc7", "fc8"]
    drawing = features.draw(found, "AlexNet")
    assert drawing.count('class="cross"') == 2 * 3  # fc8 is one box, which both towers reach


def test_the_branches_of_an_inception_module_start_from_one_place_and_meet_in_a_concat() -> None:
    nodes = nodes_of("googlenet")
    starts = [name for name, node in nodes.items() if node.inputs == ("pool2",)]
    assert starts == [f"inception_3a.{branch}" for branch in ("b1", "b3_reduce", "b5_reduce", "pool")]
    join = nodes["inception_3a.concat"]
    assert join.inputs == tuple(f"inception_3a.{branch}" for branch in ("b1", "b3", "b5", "pool_proj"))
    assert join.shape == (256, 28, 28)
    assert (nodes["inception_3a.b1"].number, nodes["inception_3a.b3"].number, nodes["fc"].number) == (4, 5, 22)


def test_auxiliary_heads_stand_beside_the_layer_they_listen_to() -> None:
    heads = diagram_of("googlenet").heads
    assert {name: listens_to for name, (listens_to, _) in heads.items()} == {
        "aux1": "inception_4a",
        "aux2": "inception_4d",
    }
    assert [node.name for node in heads["aux1"][1]] == ["aux1.pool", "aux1.conv", "aux1.fc1", "aux1.fc2"]
    assert all(node.number is None for _, nodes in heads.values() for node in nodes)


def test_a_residual_block_adds_its_input_or_the_projection_of_it() -> None:
    nodes = nodes_of("resnet50")
    assert nodes["conv2_1.add"].inputs == ("conv2_1.conv3", "conv2_1.shortcut")
    assert nodes["conv2_1.shortcut"].number is None, "the paper does not count projections"
    assert nodes["conv2_2.add"].inputs == ("conv2_2.conv3", "conv2_1.add")
    assert nodes["conv3_1.conv1"].settings == "1×1 /2"
    assert nodes["conv3_1.conv1"].extra == ("BN", "ReLU")


def test_any_module_can_be_drawn_and_is_left_as_it_was() -> None:
    class Branching(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(3, 4, 1)
            self.end = nn.Linear(8 * 6 * 6, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.end(torch.cat([self.one(x), self.two(x)], 1).flatten(1))

    net = Branching()
    nodes = {node.name: node.inputs for block in features.diagram(net, (3, 6, 6)).blocks for node in block.nodes}
    assert nodes == {"one": (), "two": (), "concat": ("one", "two"), "end": ("concat",)}
    assert not net.one._forward_hooks
    assert net.training
