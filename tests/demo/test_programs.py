"""Programs get what the page shows, by ids, and only for pictures they send."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import EXAMPLES
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image


@pytest.fixture(scope="module")
def client(lab: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(lab, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))


@pytest.fixture(scope="module")
def ids(client: Client) -> dict[str, str]:
    return {network["label"].split(" · ")[0]: network["id"] for network in client.predict(api_name="/networks")}


def test_networks_are_listed_by_id(ids: dict[str, str]) -> None:
    assert set(ids) == {"lenet5_modern", "resnet20_cifar"}


def test_predictions_come_with_their_time_and_hint(client: Client, ids: dict[str, str]) -> None:
    picture = handle_file(EXAMPLES / "rocket.jpg")
    answers: list[dict[str, Any]] = client.predict(picture, [*ids.values()], api_name="/predict")
    assert [answer["network"] for answer in answers] == [*ids.values()]
    for answer in answers:
        assert len(answer["top"]) == 5
        assert answer["milliseconds"] > 0
    assert {answer["name"] for answer in answers if answer["hint"]} == {"lenet5_modern"}


def test_a_text_file_is_refused_by_its_name(client: Client, ids: dict[str, str], tmp_path: Path) -> None:
    text = tmp_path / "holiday.png"
    text.write_text("no picture at all")
    with pytest.raises(AppError, match=r"holiday\.png is not a picture"):
        client.predict(handle_file(text), [*ids.values()], api_name="/predict")


FILE = {"meta": {"_type": "gradio.FileData"}}


@pytest.mark.parametrize(
    "upload",
    [
        {"path": str(EXAMPLES / "chelsea.jpg"), **FILE},
        {"path": str(EXAMPLES / "chelsea.jpg")},  # what does not call itself a file is not checked by Gradio
        {"path": "/etc/hostname", "orig_name": "chelsea.jpg"},
        {"path": ["/etc/hostname"]},
        str(EXAMPLES / "chelsea.jpg"),
        {"url": "file:///etc/hostname", **FILE},
    ],
    ids=str,
)
def test_a_file_of_the_machine_is_not_read(lab: str, ids: dict[str, str], upload: Any) -> None:
    body = json.dumps({"data": [upload, [*ids.values()]]}).encode()
    headers = {"Content-Type": "application/json"}
    call = urllib.request.Request(f"{lab}gradio_api/call/predict", body, headers)
    with urllib.request.urlopen(call, timeout=20) as response:
        event = json.load(response)["event_id"]
    with urllib.request.urlopen(f"{lab}gradio_api/call/predict/{event}", timeout=20) as response:
        said = response.read().decode()
    assert "event: error" in said
    assert "not a picture" not in said


ENDPOINTS = {
    "/networks",
    "/shelf",
    "/guests",
    "/invite",
    "/predict",
    "/agreement",
    "/draw",
    "/layers",
    "/feature_maps",
    "/overlay",
    "/inhibition",
    "/heads",
    "/kernels",
    "/explain",
    "/occlude",
    "/deconvnet",
    "/dropout",
    "/lineage",
    "/challenge",
    "/about",
    "/diagram",
    "/recipes",
    "/training_views",
    "/runs",
    "/curves",
    "/run_moment",
    "/pictures",
    "/picture",
    "/compare",
    "/claims",
    "/claim",
    "/told",
    "/rerun_claim",
}


def test_networks_are_compared_on_a_set_of_pictures(client: Client, ids: dict[str, str]) -> None:
    sets = {one["id"]: one for one in client.predict(api_name="/pictures")}
    assert sets["digits"]["pictures"] == 360
    found = client.predict("digits", [*ids.values()], 40, api_name="/compare")
    lenet = found["networks"][ids["lenet5_modern"]]
    assert lenet["top1"]["of"] == 40
    assert sum(map(sum, lenet["confusion"])) == 40
    assert "top1" not in found["networks"][ids["resnet20_cifar"]]
    assert found["unknown_classes"] == {ids["resnet20_cifar"]: 10}
    assert found["agreement"] == [{"networks": [ids["lenet5_modern"]], "all": 40, "pairs": [[40]]}]
    with pytest.raises(AppError, match="There is no set of pictures '/etc'"):
        client.predict("/etc", [*ids.values()], 40, api_name="/compare")


def test_a_comparison_tells_how_far_it_has_come_and_can_be_cancelled(client: Client, ids: dict[str, str]) -> None:
    *before, found = client.submit("digits", [*ids.values()], 130, api_name="/compare")
    assert before[:2] == [{"shown": 64, "of": 130}, {"shown": 128, "of": 130}]
    assert found["pictures"] == 130
    job = client.submit("digits", [*ids.values()], 360, api_name="/compare")
    assert next(iter(job))["of"] == 360
    job.cancel()
    assert client.predict("digits", [ids["lenet5_modern"]], 3, api_name="/compare")["pictures"] == 3


def test_a_picture_of_a_set_comes_by_the_number_that_a_comparison_names(client: Client, ids: dict[str, str]) -> None:
    found = client.predict("digits", [ids["lenet5_modern"]], 3, api_name="/compare")
    path, told = client.predict("digits", found["numbers"][2], api_name="/picture")
    assert told == {"name": found["names"][2], "label": found["labels"][2]}
    with Image.open(path) as image:
        assert (image.format, image.size) == ("PNG", (8, 8))
    with pytest.raises(AppError, match="has 360 pictures; there is none of number 360"):
        client.predict("digits", 360, api_name="/picture")


def test_agreement_names_who_says_the_same_and_why_others_are_not_counted(client: Client, ids: dict[str, str]) -> None:
    lenet, resnet = ids["lenet5_modern"], ids["resnet20_cifar"]
    picture = handle_file(EXAMPLES / "rocket.jpg")
    found = client.predict(picture, [lenet, resnet], api_name="/agreement")
    (answer,) = client.predict(picture, [resnet], api_name="/predict")
    (group,) = found["groups"]
    assert group["sides"] == [{"class": answer["top"][0]["class"], "networks": [resnet]}]
    (stranger,) = found["not_counted"]
    assert stranger["network"] == lenet
    assert "only handwritten digits" in stranger["why"]


def test_a_drawn_digit_is_named_as_on_the_pad(client: Client, ids: dict[str, str], tmp_path: Path) -> None:
    lenet, resnet = ids["lenet5_modern"], ids["resnet20_cifar"]
    canvas = np.zeros((320, 320, 4), np.uint8)  # a one, on nothing
    canvas[60:260, 150:180] = (17, 17, 17, 255)
    drawn, light, empty = (tmp_path / f"{name}.png" for name in ("dark", "light", "empty"))
    Image.fromarray(canvas).save(drawn)
    Image.fromarray(canvas[:, :100]).save(empty)
    Image.fromarray(np.where(canvas[..., 3], np.uint8(238), np.uint8(0))).save(light)
    (answer,) = client.predict(handle_file(drawn), [lenet, resnet], api_name="/draw")
    assert answer["network"] == lenet
    assert len(answer["top"]) == 5
    (same,) = client.predict(handle_file(light), [lenet], api_name="/draw")
    assert same["top"] == answer["top"]
    with pytest.raises(AppError, match="Nothing is drawn"):
        client.predict(handle_file(empty), [lenet], api_name="/draw")
    with pytest.raises(AppError, match="None of the chosen networks was trained on digits"):
        client.predict(handle_file(drawn), [resnet], api_name="/draw")


def test_a_guest_is_invited_by_its_name(client: Client, ids: dict[str, str]) -> None:
    name = "torchvision/squeezenet1_1"
    assert name in client.predict(api_name="/guests")
    guest = client.predict(name, "untrained", api_name="/invite")
    assert guest in client.predict(api_name="/networks")
    assert "not trained" in guest["label"]
    client.predict(guest["id"], api_name="/layers")
    told = client.predict(api_name="/shelf")
    loaded = {one["network"]: one["bytes"] for one in told["loaded"]}
    assert 4 * 1.2e6 < loaded[guest["id"]] < told["memory"]
    assert told["refused"] == []
    for wrong, kind, sentence in (
        ("torchvision/alexnett", "untrained", "alexnett"),
        ("../../etc", "untrained", "A guest is torchvision/<network>"),
        (name, "whatever", "weights untrained or pretrained, not 'whatever'"),
    ):
        with pytest.raises(AppError, match=sentence):
            client.predict(wrong, kind, api_name="/invite")


def test_only_these_endpoints_are_open(client: Client) -> None:
    named = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(named) == ENDPOINTS
