"""What the lab computes of layers and kernels, without a page."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import EXAMPLES, write_heads, write_runs
from lit_cnns_demo import layer_cards
from lit_cnns_demo.kernel_views import first_layer, kernel_at
from lit_cnns_demo.layer_views import heads, look
from lit_cnns_demo.looking import tree
from lit_cnns_demo.network import Network
from lit_cnns_demo.shelf import Shelf
from lit_cnns_demo.walking import Way, aligned

from lit_cnns.data import read_image
from lit_cnns.models import AlexNet


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_heads(write_runs(tmp_path_factory.mktemp("runs")))


@pytest.fixture(scope="module")
def opened(runs: Path) -> Callable[[str], Network]:
    """A network on the shelf, by its name."""
    shelf = Shelf([runs])
    shelf.refresh()
    return lambda name: shelf.network(next(entry for entry in shelf.entries if entry.name == name))


@pytest.fixture
def resnet(opened: Callable[[str], Network]) -> Network:
    return opened("resnet20_cifar")


@pytest.fixture
def googlenet(opened: Callable[[str], Network]) -> Network:
    return opened("googlenet_cifar")


@pytest.fixture
def cat() -> torch.Tensor:
    return read_image(EXAMPLES / "chelsea.jpg")


def framed(picture: np.ndarray) -> tuple[float, float]:
    """The middle of what is framed in orange."""
    ys, xs = np.where((picture == (255, 140, 0)).all(axis=2))
    return float(xs.min() + xs.max()) / 2, float(ys.min() + ys.max()) / 2


def test_a_layer_is_one_picture_with_the_chosen_map_framed_and_enlarged(resnet: Network, cat: torch.Tensor) -> None:
    view = look(resnet, cat, "stage2_1", channel=3)
    assert view.picture.ndim == 3
    assert view.one is not None
    assert view.one.shape == (448, 448)
    assert view.caption.startswith("**stage2_1** · 32 maps of 16 × 16 at 1/2 · ")
    assert view.one_caption.startswith("Map 3 of stage2_1 · ")
    assert look(resnet, cat, "stage2_1", channel=99).channel == 31


@pytest.mark.parametrize("order", ["network", "mean", "active", "largest"])
def test_a_point_of_the_picture_leads_to_its_map_in_any_order(resnet: Network, cat: torch.Tensor, order: str) -> None:
    point = framed(look(resnet, cat, "stage1_1", channel=6, order=order).picture)  # type: ignore[arg-type]
    assert look(resnet, cat, "stage1_1", channel=point, order=order).channel == 6  # type: ignore[arg-type]


def test_sorted_maps_begin_with_the_strongest(resnet: Network, cat: torch.Tensor) -> None:
    view = look(resnet, cat, "stage1_1", order="mean")
    means = view.statistics.mean[view.order].tolist()
    assert means == sorted(means, reverse=True)
    assert view.channel == view.order[0] == int(view.statistics.mean.argmax())
    assert view.order != sorted(view.order)


def test_a_map_over_the_picture_has_the_pictures_size(resnet: Network, cat: torch.Tensor) -> None:
    over = look(resnet, cat, "stage3_1", over=True).one
    assert over is not None
    assert over.shape == (448, 448, 3)  # 32 pixels, 14 times


def test_a_fully_connected_layer_is_cells_and_a_value(resnet: Network, cat: torch.Tensor) -> None:
    view = look(resnet, cat, "fc", channel=2, over=True)
    assert view.one is None
    assert "10 units" in view.caption
    assert "Unit 2 of fc · value " in view.one_caption


def test_an_unknown_layer_is_refused_with_some_that_exist(resnet: Network, cat: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"no layer 'conv99'.*conv1"):
        look(resnet, cat, "conv99")


def test_only_response_normalisation_shows_what_holds_a_map_down(googlenet: Network, cat: torch.Tensor) -> None:
    assert look(googlenet, cat, "conv1").inhibition is None
    found = look(googlenet, cat, "norm1", channel=7).inhibition
    assert found is not None
    assert found.neighbours == [5, 6, 7, 8, 9]
    words = layer_cards.lateral(found)
    assert words.count("<img") == 4
    assert words.count("<li") == 5
    assert words.count("itself") == 1


def test_each_auxiliary_head_answers_beside_the_main_one(
    googlenet: Network, resnet: Network, cat: torch.Tensor
) -> None:
    predicted = heads(googlenet, cat)
    assert list(predicted) == ["aux1", "aux2", "main"]
    assert all(len(top) == 5 for top in predicted.values())
    with pytest.raises(ValueError, match="resnet20_cifar has no auxiliary heads"):
        heads(resnet, cat)


def test_layers_are_a_tree_and_a_walk_steps_over_blocks_or_into_them(resnet: Network) -> None:
    words = [label for label, _ in tree(resnet)]
    assert "stage1_1 · 16 × 32 × 32" in words
    assert "\N{EM SPACE}stage1_1.conv1 · 16 × 32 × 32" in words
    way = Way.through(resnet)
    assert way.moved("relu1", 1, into=False) == "stage1_1"
    assert way.moved("stage1_1", 1, into=False) == "stage1_2"
    assert way.moved("stage1_1", 1, into=True) == "stage1_1.conv1"
    assert way.moved("stage1_2.bn1", -1, into=False) == "stage1_2"
    assert way.moved("conv1", -1, into=False) == "conv1"
    assert way.moved("fc", 1, into=False) == "fc"
    assert way.moved("stage3_1", -(10**6), into=True) == "conv1"


def test_networks_line_up_at_a_stride_and_those_without_it_say_what_they_have(
    resnet: Network, googlenet: Network, opened: Callable[[str], Network]
) -> None:
    ways = [Way.through(network) for network in (resnet, googlenet, opened("lenet5_modern"))]
    assert aligned(ways, "1/4", ["conv1", "conv1", "C1"]) == (["stage3_3", "inception_4e", "S4"], "")
    found, said = aligned(ways, "1/8", ["conv1", "conv1", "C1"])
    assert found == ["conv1", "inception_5b", "C1"]
    assert "resnet20_cifar has no layer at 1/8: it has maps at 1/1, 1/2, 1/4." in said


def test_alexnets_towers_are_drawn_apart_and_sorted_by_colour(resnet: Network) -> None:
    torch.manual_seed(0)
    with torch.device("meta"):
        net = AlexNet(2)
    net.conv1 = torch.nn.Conv2d(3, 96, 11, stride=4)
    net.conv1.weight.data[5] = torch.randn(11, 11) * torch.tensor(resnet.preprocessing["std"])[:, None, None]  # grey
    network = replace(resnet, net=net)
    view = first_layer(network, "colour", chosen=50)
    assert [sorted(tower.numbers) for tower in view.towers] == [[*range(48)], [*range(48, 96)]]
    assert view.towers[0].numbers[-1] == 5
    assert view.towers[0].histogram[0] == 1
    assert all(sum(tower.histogram) == 48 for tower in view.towers)
    assert view.caption.startswith("Kernel 50 of conv1 · number 2 of tower 2 · colour index 0.")
    assert kernel_at(network, 1, "colour", *framed(view.towers[1].picture)) == 50
    with pytest.raises(ValueError, match="kernels 0 to 95, not 96"):
        first_layer(network, chosen=96)


def test_kernels_of_a_grey_network_have_numbers_and_no_colour(opened: Callable[[str], Network]) -> None:
    view = first_layer(opened("lenet5_modern"), "colour", chosen=4)
    assert view.towers[0].numbers == [0, 1, 2, 3, 4, 5]
    assert view.as_data()["colour_index"] == []
    assert view.caption == "Kernel 4 of C1"
