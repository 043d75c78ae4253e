"""Programs get what the page shows, by ids, and only for pictures they send."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from conftest import EXAMPLES
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError


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
    "/predict",
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
    "/diagram",
    "/training_views",
    "/runs",
    "/run_moment",
    "/pictures",
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
    with pytest.raises(AppError, match="There is no set of pictures '/etc'"):
        client.predict("/etc", [*ids.values()], 40, api_name="/compare")


def test_only_these_endpoints_are_open(client: Client) -> None:
    named = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(named) == ENDPOINTS
