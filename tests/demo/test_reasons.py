"""Why a network says what it says, without a page and through the endpoints."""

from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import EXAMPLES
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from lit_cnns_demo import reasons
from lit_cnns_demo.network import Network
from lit_cnns_demo.shelf import SHIPPED, Shelf

from lit_cnns.data import fit_image, read_image


@pytest.fixture(scope="module")
def networks(runs: Path) -> dict[str, Network]:
    shelf = Shelf([runs, SHIPPED / "vgg_cifar_cifar10.ckpt"])
    shelf.refresh()
    return {entry.name: shelf.network(entry) for entry in shelf.entries}


@pytest.fixture
def cat() -> torch.Tensor:
    return read_image(EXAMPLES / "chelsea.jpg")


@pytest.mark.parametrize(("method", "layer"), [("grad_cam", "stage3_3"), ("cam", "stage3_3"), ("saliency", None)])
def test_a_heat_map_lies_over_the_picture_as_the_network_gets_it(
    networks: dict[str, Network], cat: torch.Tensor, method: Any, layer: str | None
) -> None:
    network = networks["resnet20_cifar"]
    reason = reasons.explain(network, cat, method)
    assert torch.equal(reason.seen, fit_image(cat, network.preprocessing))
    assert reason.heat.shape == (256, 256, 3)
    assert reason.layer == layer
    assert reason.bounds[1] == reason.values.max()
    asked = reasons.explain(network, cat, method, word="ship")
    assert asked.word == "ship"
    assert asked.probability < reason.probability


def test_the_square_goes_everywhere_and_says_where_the_class_is_lost(
    networks: dict[str, Network], cat: torch.Tensor
) -> None:
    first, *_, last = reasons.hide(networks["vgg_cifar"], cat, share=0.5)
    assert 0 < first.done < last.done == 1
    assert first.remark == ""
    assert last.remark.startswith("In its worst place the square of 16 pixels leaves ")
    assert last.values.max() == pytest.approx(last.bounds[1])


def test_a_reconstruction_is_as_large_as_its_patch_and_grey_where_nothing_is_answered_to(
    networks: dict[str, Network], cat: torch.Tensor
) -> None:
    shown = reasons.project(networks["vgg_cifar"], cat, "relu1_2", 3)
    assert shown.drawn.shape == shown.patch.shape == (3, 5, 5)
    top, left, bottom, right = shown.found.window
    assert torch.equal(shown.patch, shown.seen[:, top:bottom, left:right])
    silent = shown.found.crop(shown.found.picture) == 0
    assert set(shown.drawn[silent].tolist()) <= {127, 128}


def test_the_spread_is_of_the_likeliest_classes_and_holds_its_mean(
    networks: dict[str, Network], cat: torch.Tensor
) -> None:
    rows, others = reasons.vary(networks["vgg_cifar"], cat, 32)
    assert [row.mean for row in rows] == sorted((row.mean for row in rows), reverse=True)
    assert all(row.low <= row.mean <= row.high for row in rows[:3])
    assert 0 <= others <= 32


def test_the_layers_and_the_one_that_is_taken_have_maps(networks: dict[str, Network]) -> None:
    assert reasons.best_layer(networks["lenet5_modern"]) == "tanh3"
    assert reasons.layers_with_maps(networks["lenet5_modern"]) == [
        "C1",
        "tanh1",
        "S2",
        "C3",
        "tanh3",
        "S4",
        "C5",
        "tanh5",
    ]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"method": "cam"}, "not made so from 'tanh3'"),
        ({"method": "guess"}, "quick methods are grad_cam, hires_cam, cam, saliency, not 'guess'"),
        ({"method": "grad_cam", "layer": "conv9"}, "no layer 'conv9'"),
        ({"method": "grad_cam", "word": "seven"}, "lenet5_modern has no class 'seven'; it has 0, 1, 2"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(
    networks: dict[str, Network], cat: torch.Tensor, wrong: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        reasons.explain(networks["lenet5_modern"], cat, **wrong)


@pytest.fixture(scope="module")
def client(lab: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(lab, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))


@pytest.fixture(scope="module")
def ids(client: Client) -> dict[str, str]:
    return {network["label"].split(" · ")[0]: network["id"] for network in client.predict(api_name="/networks")}


def test_programs_get_the_maps_as_numbers(client: Client, ids: dict[str, str]) -> None:
    rocket, resnet = handle_file(EXAMPLES / "rocket.jpg"), ids["resnet20_cifar"]
    _, told = client.predict(rocket, resnet, "grad_cam", "stage2_1", "cat", api_name="/explain")
    assert (told["class"], told["layer"], told["unit"]) == ("cat", "stage2_1", "logits")
    assert torch.tensor(told["values"]).shape == (16, 16)
    _, told = client.predict(rocket, resnet, "", 0.5, api_name="/occlude")
    assert told["done"] == 1
    assert torch.tensor(told["values"]).max() <= told["probability"]
    _, _, told = client.predict(rocket, resnet, "conv1", None, api_name="/deconvnet")
    assert told["map"] == torch.tensor(told["strongest"]).argmax()
    assert len(told["strongest"]) == 16


def test_programs_get_a_sentence_for_what_is_wrong(client: Client, ids: dict[str, str]) -> None:
    rocket = handle_file(EXAMPLES / "rocket.jpg")
    with pytest.raises(AppError, match="CifarResNet has no dropout"):
        client.predict(rocket, ids["resnet20_cifar"], api_name="/dropout")
    with pytest.raises(AppError, match="There is no network '/etc/passwd'"):
        client.predict(rocket, "/etc/passwd", "", 0.5, api_name="/occlude")
    with pytest.raises(AppError, match="above 0 and at most 1, not -1"):
        client.predict(rocket, ids["resnet20_cifar"], "", -1, api_name="/occlude")
    with pytest.raises(AppError, match="method is a string, not a list"):
        client.predict(rocket, ids["resnet20_cifar"], ["grad_cam"], "", "", api_name="/explain")
    with pytest.raises(AppError, match="maps 0 to 15, not 99"):
        client.predict(rocket, ids["resnet20_cifar"], "conv1", 99, api_name="/deconvnet")
