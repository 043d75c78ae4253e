"""The lab is served to this machine alone, with what could do harm turned off."""

import json
import os
import runpy
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from socket import socket

import pytest
from lit_cnns_demo import launch

from lit_cnns.cli import main

DEMO = Path(__file__).parents[2] / "demo"


def status(request: str | urllib.request.Request) -> int:
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def test_nothing_is_measured_or_recorded(lab: str) -> None:
    assert lab.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(f"{lab}config", timeout=20) as response:
        config = json.load(response)
    assert config["analytics_enabled"] is False
    assert config["run_history"] is False
    assert status(f"{lab}monitoring") == 403


@pytest.mark.parametrize(("megabytes", "code"), [(1, 200), (11, 413)])
def test_a_file_of_more_than_ten_megabytes_is_not_taken(lab: str, megabytes: int, code: int) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    body = head + bytes(megabytes * 1_050_000) + b"\r\n--x--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert status(urllib.request.Request(f"{lab}gradio_api/upload", body, headers)) == code


def test_an_address_that_cannot_be_had_is_said_at_once() -> None:
    with socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ValueError, match=f"cannot listen on 127.0.0.1, port {port} "):
            launch(port=port)
    with pytest.raises(ValueError, match=r"cannot listen on no-such-host\.invalid"):
        launch(host="no-such-host.invalid")
    with pytest.raises(ValueError, match="port 70000"):
        launch(port=70000)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--port 99999999", "The lab cannot listen on 127.0.0.1, port 99999999 "),
        ("--port -1", "The lab cannot listen on 127.0.0.1, port -1 "),
        ("--host no-such-host.invalid", "The lab cannot listen on no-such-host.invalid "),
        ("--host 192.0.2.1", "The lab cannot listen on 192.0.2.1 "),
        ("--data gone", "There is no folder gone; --data is a folder of pictures."),
        ("--auth ada", "A login is user:password, given by --auth or in LIT_CNNS_AUTH"),
        ("--auth :engine", "A login is user:password, given by --auth or in LIT_CNNS_AUTH"),
        ("--auth ada:engine --mcp", "An MCP server cannot log in"),
        ("torchvision/alexnett", "torchvision has no network 'alexnett'"),
        ("timm/", "A guest is torchvision/<network> or timm/<network>, not timm/."),
    ],
)
def test_a_wrong_option_is_told_in_one_sentence(
    words: str, sentence: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["demo", *words.split()]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"lit-cnns: error: {sentence}")


def test_a_folder_that_is_not_there_is_told_before_the_lab_opens(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "gone", str(DEMO), "--port", "99999999"]) == 2
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("There is nothing at gone yet")


def test_a_wrong_login_in_the_environment_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIT_CNNS_AUTH", "ada")
    with pytest.raises(SystemExit, match=r"^A login is user:password"):
        runpy.run_path(str(DEMO / "app.py"), run_name="__main__")


@pytest.mark.parametrize("words", ["-m lit_cnns demo --port 0", str(DEMO / "app.py")])
def test_a_lab_that_is_told_to_end_leaves_nothing_of_its_visitors(words: str, tmp_path: Path) -> None:
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, *words.split()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environment) as process:
        assert process.stdout
        assert any("http://" in line for line in process.stdout)
        assert [*tmp_path.glob("lit-cnns-guests-*")]
        process.terminate()
        assert process.wait(30) == 128 + signal.SIGTERM
    assert not [*tmp_path.glob("lit-cnns-guests-*")]
