"""What a visitor can use up is bounded, and the server asks nobody anything."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from socket import socket
from typing import Any

import httpx
import pytest
from conftest import EXAMPLES, write_runs
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from lit_cnns_demo import build, serve
from PIL import Image
from runs_over_time import write_run

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from lab_hostile import Attack, events

ROOT = Path(__file__).parents[2]
WAITING, FLOOD = 3, 16
NOBODY = "http://127.0.0.1:9"  # a proxy that is not there: what asks for an address outside fails at once
OF_TESTS = ("GRADIO_ANALYTICS_ENABLED", "HF_HUB_OFFLINE")  # what keeps the tests' own processes silent
AUDIT = """
import os, sys
found = os.open(os.environ["ASKED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def note(event, given):
    if event == "socket.connect":
        given = given[1]
    elif event not in ("socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        return
    os.write(found, f"{given if isinstance(given, str) else ':'.join(map(str, given[:2]))}\\n".encode())
sys.addaudithook(note)
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_runs(tmp_path_factory.mktemp("runs"))
    write_run(folder / "looked_back_on")
    return folder


@pytest.fixture(scope="module")
def client(lab: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(lab, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))


def sound(client: Client) -> dict[str, dict[str, Any]]:
    """Arguments that each endpoint takes, but for the picture."""
    ids = [one["id"] for one in client.predict(api_name="/networks")]
    digits, network = (next(id for id in ids if id.startswith(name)) for name in ("lenet5_modern", "resnet20"))
    run = client.predict(api_name="/runs")[0]["id"]
    known = {"networks": [digits], "network": network, "layer": "conv1", "pictures": "digits", "most": 10, "run": run}
    known |= {"recipe": "lenet5_modern/digits", "claim": "three_3x3", "guest": "torchvision/squeezenet1_1"}
    found = {}
    for name, endpoint in client.view_api(return_format="dict", print_info=False)["named_endpoints"].items():
        takes = [one["parameter_name"] for one in endpoint["parameters"]]
        found[name] = {one: known[one] for one in takes if one in known}
        if "picture" in takes:
            found[name]["picture"] = None
    for name in ("/about", "/diagram"):
        found[name]["network"] = "alexnet"
    found["/rerun_claim"]["pictures"] = ""
    return found


def test_a_picture_of_too_many_pixels_is_refused_by_each_endpoint_that_takes_one(
    client: Client, tmp_path: Path
) -> None:
    Image.new("1", (10_000, 9_000)).save(tmp_path / "wall.png")
    asked = {name: given for name, given in sound(client).items() if "picture" in given}
    assert len(asked) > 10
    for name, given in asked.items():
        with pytest.raises(AppError, match=r"wall\.png has 10000 x 9000 pixels; at most 80,000,000"):
            client.predict(**{**given, "picture": handle_file(tmp_path / "wall.png")}, api_name=name)


def test_every_event_is_one_of_a_bounded_number_at_once(runs: Path) -> None:
    demo = build([runs])
    several: dict[str, int] = {}
    for one in demo.fns.values():
        if one.fn and one.queue is not False and one.concurrency_limit not in (1, "default"):
            assert isinstance(one.concurrency_limit, int)  # None would be as many as come
            several[str(one.concurrency_id)] = one.concurrency_limit
    assert set(several) <= {"comparisons", "reruns", "squares"}  # these wait in lines of their own, which tell how long
    assert sum(several.values()) < 50
    assert {one.fn.__name__ for one in demo.fns.values() if one.fn and one.queue is False} == {
        "load_example",
        "stop",
    }


@pytest.fixture
def narrow(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a lab in whose queue few may wait."""
    monkeypatch.setattr("lit_cnns_demo.lab.MOST_WAITING", WAITING)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    demo = build([runs])
    _, url, _ = serve(demo, prevent_thread_lock=True, quiet=True)
    yield url
    demo.close()


def test_of_a_flood_as_many_as_may_wait_are_answered_and_the_others_told_so(narrow: str) -> None:
    network = next(one["id"] for one in Client(narrow, verbose=False).predict(api_name="/networks"))
    http = httpx.Client(base_url=f"{narrow}gradio_api", timeout=120)
    picture = {"files": (EXAMPLES / "chelsea.jpg").read_bytes()}
    upload = {"path": http.post("/upload", files=picture).json()[0], "meta": {"_type": "gradio.FileData"}}
    asked = [http.post("/call/occlude", json={"data": [upload, network, "", 0.1]}) for _ in range(FLOOD)]
    taken = [one.json()["event_id"] for one in asked if one.status_code == 200]
    refused = [one for one in asked if one.status_code != 200]
    assert len(taken) >= WAITING
    assert refused
    for one in refused:
        assert one.status_code == 503
        assert one.json()["detail"].startswith("Queue is full.")
    for event in taken:
        assert "event: complete" in http.get(f"/call/occlude/{event}").text
    assert http.post("/call/networks", json={"data": []}).status_code == 200


@pytest.fixture
def audited(runs: Path, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a lab, and the file in which every address stands that it or its processes ask."""
    (tmp_path / "sitecustomize.py").write_text(AUDIT)
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = os.pathsep.join([str(tmp_path), str(ROOT), str(ROOT / "demo"), os.environ.get("PYTHONPATH", "")])
    own = {"PYTHONPATH": path, "ASKED": str(tmp_path / "asked"), "GRADIO_TEMP_DIR": str(tmp_path / "gradio")}
    proxies = {"http_proxy": NOBODY, "https_proxy": NOBODY, "no_proxy": "127.0.0.1", "TORCH_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "lit_cnns", "demo", str(runs), "--port", str(port)]
    a_users = {name: value for name, value in os.environ.items() if name not in OF_TESTS}
    process = subprocess.Popen(command, env={**a_users, **own, **proxies}, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert "The lab is open" in process.stdout.readline()
    yield f"http://127.0.0.1:{port}/", tmp_path / "asked"
    process.terminate()
    process.wait()


@pytest.mark.slow
def test_nobody_is_asked_anything_until_trained_weights_of_a_guest_are_wanted(
    audited: tuple[str, Path], tmp_path: Path
) -> None:
    url, asked = audited
    client = Client(url, verbose=False, analytics_enabled=False, download_files=str(tmp_path / "downloads"))
    used, picture, wrong = Attack(url), handle_file(EXAMPLES / "chelsea.jpg"), []
    for name, given in sound(client).items():
        try:
            client.predict(**{**given, "picture": picture} if "picture" in given else given, api_name=name)
        except AppError as error:
            wrong.append((name, str(error)))
    assert {name for name, _ in wrong} == {"/inhibition", "/heads", "/dropout"}, wrong  # a ResNet has none
    used.send("events", [one for one in events(used, random.Random(0))[0] if all(v is None for v in one.args[1])])
    assert used.sent > 30
    own = url.removeprefix("http://").rstrip("/")
    assert {*asked.read_text().splitlines()} == {own}
    with pytest.raises(AppError, match="squeezenet1_0"):
        client.predict("torchvision/squeezenet1_0", "pretrained", api_name="/invite")
    assert NOBODY.removeprefix("http://") in asked.read_text().splitlines()
