"""Programs get what the tabs lineage, what training sees and over time show."""

import shutil
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import EXAMPLES
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from runs_over_time import write_run

PICTURE = handle_file(EXAMPLES / "digit_3.png")


@pytest.fixture(scope="module")
def client(lab: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(lab, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))


@pytest.fixture
def run(runs: Path) -> Iterator[Path]:
    folder = write_run(runs / "looked_back_on")
    yield folder
    shutil.rmtree(folder.parent)


def test_the_lineage_comes_as_rows_and_a_network_as_drawing_and_blocks(client: Client) -> None:
    rows = {row["network"]: row for row in client.predict(api_name="/lineage")}
    assert rows["alexnet"]["top5"]["top5_error"] == 18.2
    found = client.predict("googlenet", api_name="/diagram")
    assert ET.fromstring(found["svg"]).tag.endswith("svg")
    assert [block["name"] for block in found["blocks"]][-1] == "fc"
    assert set(found["heads"]) == {"aux1", "aux2"}
    with pytest.raises(AppError, match="There is no network 'alexnett'; did you mean alexnet"):
        client.predict("alexnett", api_name="/diagram")


def test_what_is_known_of_a_network_comes_with_its_layers_and_the_way_to_its_checkpoint(client: Client) -> None:
    known = client.predict("alexnet", api_name="/about")
    assert known["paper"]["year"] == 2012
    assert known["parameters"] == 60_965_224
    layers = {layer["name"]: layer for layer in known["layers"]}
    assert layers["conv1"]["out"] == [96, 55, 55]
    assert "the grid of conv1" in known["departure"]
    assert known["checkpoints"] == []
    assert "lit-cnns fit --config alexnet/imagenet" in known["commands"]
    resnet = client.predict("resnet20_cifar", api_name="/about")
    networks = client.predict(api_name="/networks")
    assert resnet["checkpoints"] == [one for one in networks if one["label"].startswith("resnet20_cifar")]
    for wrong, sentence in (("alexnett", "did you mean alexnet"), (None, "A network of the lineage is needed")):
        with pytest.raises(AppError, match=sentence):
            client.predict(wrong, api_name="/about")


def test_the_challenge_comes_with_its_winners(client: Client) -> None:
    told = client.predict(api_name="/challenge")
    assert {one["year"]: one["top5_error"] for one in told["winners"]}[2012] == 16.4
    assert told["human"]["top5_error"] == 5.1


def test_every_recipe_that_is_listed_can_be_asked_for(client: Client) -> None:
    recipes = client.predict(api_name="/recipes")
    assert {"alexnet/imagenet", "lenet5_modern/digits"} <= set(recipes)
    assert not [name for name in recipes if name.startswith("trainer/")]


def test_training_views_come_side_by_side_with_their_corners(client: Client) -> None:
    views, said = client.predict(PICTURE, "lenet5_modern/digits", 5, 3, api_name="/training_views")
    with Image.open(views) as image:
        assert image.size == (3 * 32, 32)
    assert [view["epoch"] for view in said] == [0, 1, 2]
    assert all(len(view["corners"]) == 4 for view in said)


def test_a_networks_own_training_is_asked_for_by_its_id(client: Client) -> None:
    networks = {one["label"].split(" · ")[0]: one["id"] for one in client.predict(api_name="/networks")}
    for name, side in (("lenet5_modern", 32), ("resnet20_cifar", 32)):
        views, said = client.predict(PICTURE, networks[name], 0, 2, api_name="/training_views")
        with Image.open(views) as image:
            assert image.size == (2 * side, side)
        assert [view["epoch"] for view in said] == [0, 1]


@pytest.mark.parametrize(
    ("recipe", "seed", "count", "sentence"),
    [
        ("../../etc/passwd", 0, 3, "There is no recipe"),
        ("alexnet/imagenet", -1, 3, "The seed is a whole number"),
        ("alexnet/imagenet", 0, 1000, "The number of epochs is a whole number from 1 to 24"),
        ("alexnet/imagenet", 0, None, "The number of epochs is a whole number from 1 to 24"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    client: Client, recipe: str, seed: int, count: int | None, sentence: str
) -> None:
    with pytest.raises(AppError, match=sentence):
        client.predict(PICTURE, recipe, seed, count, api_name="/training_views")


def test_a_run_is_told_moment_by_moment(client: Client, run: Path) -> None:
    (found,) = [one for one in client.predict(api_name="/runs") if one["label"].endswith("looked_back_on/version_0")]
    curves = client.predict(found["id"], api_name="/curves")
    assert curves["val/top1"] == [[10, 0.7], [20, pytest.approx(0.8)], [30, pytest.approx(0.9)]]
    assert [step for step, _ in curves["train/loss"]] == [6, 16, 26]
    assert found["moments"] == [{"epoch": n, "step": 10 * n} for n in (1, 2, 3)]
    kernels, maps, told = client.predict(PICTURE, found["id"], 2, "C3", api_name="/run_moment")
    assert (told["epoch"], told["step"], told["layer"], len(told["answer"]["top"])) == (2, 20, "C3", 5)
    for path in (kernels, maps):
        with Image.open(path) as image:
            assert image.format == "PNG"
    with pytest.raises(AppError, match="There is no run"):
        client.predict(PICTURE, str(run), 2, "C3", api_name="/run_moment")
    with pytest.raises(AppError, match="There is no run"):
        client.predict(str(run), api_name="/curves")
