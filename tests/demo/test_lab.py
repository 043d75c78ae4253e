"""The lab is served to this machine alone, with what could do harm turned off."""

import json
import urllib.error
import urllib.request
from socket import socket

import pytest
from lit_cnns_demo import launch


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
