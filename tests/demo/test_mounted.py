"""A lab below a path of another app, for who logs in: programs and browsers get answers and pictures there, too."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from browser import PATIENCE, open_page
from conftest import EXAMPLES
from fastapi import FastAPI
from gradio_client import Client, handle_file
from gradio_client.exceptions import AuthenticationError
from lit_cnns_demo import mount
from PIL import Image
from playwright.sync_api import expect
from test_programs import ENDPOINTS

expect.set_options(PATIENCE)
ADA = ("ada", "engine")


@pytest.fixture(scope="module")
def address(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of the lab, in an app that a server of its own serves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        app = mount(FastAPI(), [runs], "/tools/lab", auth=":".join(ADA))
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/tools/lab/"
        server.should_exit = True
        thread.join()


def test_a_program_that_logs_in_gets_answers_and_pictures(address: str, tmp_path: Path) -> None:
    with pytest.raises(AuthenticationError):
        Client(address, verbose=False)
    with pytest.raises(ValueError, match="Could not login"):
        Client(address, auth=("ada", "motor"), verbose=False)
    client = Client(address, auth=ADA, verbose=False, download_files=str(tmp_path))
    network = next(one["id"] for one in client.predict(api_name="/networks") if one["label"].startswith("resnet20"))
    path, told = client.predict(handle_file(EXAMPLES / "chelsea.jpg"), network, "conv1", 3, api_name="/overlay")
    assert told["map"] == 3
    with Image.open(path) as image:
        assert image.format == "PNG"


@pytest.mark.browser
def test_a_visitor_who_logs_in_gets_the_page_with_its_answers(address: str, chromium: str) -> None:
    with open_page(chromium) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{address}?picture=chelsea", wait_until="load")
        for label, text in zip(("username", "password"), ADA, strict=True):
            page.get_by_label(label).fill(text)
        page.get_by_role("button", name="Login").click()
        expect(page.locator("#picture img")).to_have_count(1)
        page.locator("#answers .lab-card").first.wait_for()
        page.get_by_text("Use via API").click()
        page.get_by_text(f"{len(ENDPOINTS)} API endpoints").wait_for()
        own = (address, "data:", "blob:", "chrome", f"{address.removesuffix('tools/lab/')}manifest.json")  # Gradio's
        assert not [url for url in asked if not url.startswith(own)]
