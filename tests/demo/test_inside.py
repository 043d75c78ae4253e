"""Programs look inside networks by ids, and what they get wrong is said in a sentence."""

from pathlib import Path
from typing import Any

import pytest
from conftest import EXAMPLES, write_heads, write_runs
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

CAT = EXAMPLES / "chelsea.jpg"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_heads(write_runs(tmp_path_factory.mktemp("runs")))


@pytest.fixture(scope="module")
def client(lab: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(lab, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))


@pytest.fixture(scope="module")
def ids(client: Client) -> dict[str, str]:
    return {network["label"].split(" · ")[0]: network["id"] for network in client.predict(api_name="/networks")}


def size(path: str) -> tuple[int, int]:
    with Image.open(Path(path)) as image:
        assert image.format == "PNG"
        return image.size


def test_layers_say_what_they_see_and_lie_below_their_blocks(client: Client, ids: dict[str, str]) -> None:
    found: list[dict[str, Any]] = client.predict(ids["resnet20_cifar"], api_name="/layers")
    by_name = {layer["name"]: layer for layer in found}
    assert by_name["stage2_1"]["depth"] == 0
    assert by_name["stage2_1.conv1"]["depth"] == 1
    assert by_name["stage2_1"]["receptive_field"]["stride"] == [2, 2]
    assert by_name["fc"]["shape"] == [10]


def test_feature_maps_come_sorted_as_one_picture_without_loss(client: Client, ids: dict[str, str]) -> None:
    picture = handle_file(CAT)
    maps, said = client.predict(picture, ids["resnet20_cifar"], "stage3_1", api_name="/feature_maps")
    assert size(maps)[0] > 500
    assert said["shape"] == [64, 8, 8]
    assert said["order"] == [*range(64)]
    assert "conv1" in said["layers"]
    _, sorted_by_mean = client.predict(picture, ids["resnet20_cifar"], "stage3_1", "mean", api_name="/feature_maps")
    means = [said["statistics"]["mean"][number] for number in sorted_by_mean["order"]]
    assert means == sorted(means, reverse=True)


def test_one_map_lies_over_the_picture(client: Client, ids: dict[str, str]) -> None:
    picture, said = client.predict(handle_file(CAT), ids["resnet20_cifar"], "stage3_1", 5, api_name="/overlay")
    assert size(picture) == (448, 448)
    assert said["map"] == 5


def test_neighbours_that_hold_a_map_down_are_told(client: Client, ids: dict[str, str]) -> None:
    said = client.predict(handle_file(CAT), ids["googlenet_cifar"], "norm2", 0, api_name="/inhibition")
    assert [neighbour["map"] for neighbour in said["neighbours"]] == [0, 1, 2]
    assert said["taken"] == pytest.approx(said["alone"] - said["after"])


def test_heads_and_kernels_are_told(client: Client, ids: dict[str, str]) -> None:
    assert set(client.predict(handle_file(CAT), ids["googlenet_cifar"], api_name="/heads")) == {"aux1", "aux2", "main"}
    picture, said = client.predict(ids["googlenet_cifar"], "colour", api_name="/kernels")
    assert size(picture)[0] > 500
    assert said["towers"] == [[*range(32)]]
    assert len(said["colour_index"]) == 32


@pytest.mark.parametrize(
    ("endpoint", "asked", "sentence"),
    [
        ("/feature_maps", ["/etc/passwd", "conv1"], "There is no network '/etc/passwd'"),
        ("/feature_maps", ["resnet20_cifar", "conv99"], "has no layer 'conv99'"),
        ("/feature_maps", ["resnet20_cifar", "conv1", "size"], "ordered by network, mean, active, largest"),
        ("/overlay", ["resnet20_cifar", "fc", 0], "fc of resnet20_cifar has no maps"),
        ("/overlay", ["resnet20_cifar", "conv1", 1.5], "whole number, not by '1.5'"),
        ("/inhibition", ["resnet20_cifar", "conv1", 0], "conv1 of resnet20_cifar is no response normalisation"),
        ("/heads", ["resnet20_cifar"], "has no auxiliary heads"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    client: Client, ids: dict[str, str], endpoint: str, asked: list[Any], sentence: str
) -> None:
    with pytest.raises(AppError, match=sentence):
        client.predict(handle_file(CAT), ids.get(asked[0], asked[0]), *asked[1:], api_name=endpoint)
