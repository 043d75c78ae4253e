"""The lab serves programs, agents and other apps, and asks for a login where one is set."""

import asyncio
import base64
import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from conftest import EXAMPLES
from fastapi import FastAPI
from fastapi.testclient import TestClient
from lit_cnns_demo import build, credentials, launch, mount, serve
from lit_cnns_demo.agents import PARAMETERS
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, Tool
from test_programs import ENDPOINTS

DOCUMENT = Path(__file__).parents[2] / "docs" / "lab.md"


@pytest.fixture(scope="module")
def blocks(runs: Path) -> Any:
    return build([runs])


def test_every_endpoint_tells_programs_what_it_does_and_takes(blocks: Any) -> None:
    told = blocks.get_api_info()["named_endpoints"]
    assert set(told) == ENDPOINTS
    for name, endpoint in told.items():
        assert endpoint["description"].endswith("."), name
        assert len(endpoint["description"]) > 40, name
        for parameter in endpoint["parameters"]:
            assert parameter["type"].get("type") in {"string", "number", "integer", "boolean", "array", "object"}, name
            assert "Literal" not in str(parameter["python_type"]), name
        for part in (*endpoint["parameters"], *endpoint["returns"]):
            assert part["label"].replace(" ", "").isalpha(), part["label"]  # in no form that the browser translates
        for given in endpoint["returns"]:
            assert given["python_type"]["type"] not in ("Any", "dict()"), (name, given["label"])
    names = [parameter["parameter_name"] for parameter in told["/explain"]["parameters"]]
    assert names == ["picture", "network", "method", "layer", "class_name"]
    assert told["/predict"]["parameters"][1]["python_type"]["type"] == "list[str]"


def test_the_document_has_every_endpoint_with_what_it_takes(blocks: Any) -> None:
    told = blocks.get_api_info()["named_endpoints"]
    takes = {name: [one["parameter_name"] for one in endpoint["parameters"]] for name, endpoint in told.items()}
    rows = re.findall(r"^\| `(/\w+)` \|(.*?)\|", DOCUMENT.read_text(), re.MULTILINE)
    assert {name: re.findall(r"\w+", re.sub(r"\(.*?\)", "", words)) for name, words in rows} == takes


async def asked_by_an_agent(url: str) -> tuple[list[Tool], dict[str, CallToolResult]]:
    """The tools that an agent is offered, and what some of them give it."""
    data = base64.b64encode((EXAMPLES / "chelsea.jpg").read_bytes()).decode()
    pictures = {"uri": f"data:image/jpeg;base64,{data}", "address": f"{url}gradio_api/startup-events"}
    async with (
        streamable_http_client(f"{url}gradio_api/mcp/") as (incoming, outgoing, _),
        ClientSession(incoming, outgoing) as session,
    ):
        await session.initialize()
        given = {"networks": await session.call_tool("networks", {})}
        (network,) = re.findall(r"resnet20_cifar-\w+", given["networks"].content[0].text)
        for kind, picture in pictures.items():
            asked = {"picture": picture, "network": network, "layer": "conv1"}
            given[kind] = await session.call_tool("overlay", asked)
        return (await session.list_tools()).tools, given


def test_an_agent_is_offered_every_endpoint_as_a_tool_and_gets_pictures(
    runs: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    monkeypatch.setattr("lit_cnns_demo.shelf.SHIPPED", tmp_path / "ships_nothing")
    demo = build([runs])
    _, url, _ = serve(demo, prevent_thread_lock=True, quiet=True, mcp_server=True)
    try:
        offered, given = asyncio.run(asked_by_an_agent(url))
    finally:
        demo.close()
    tools = {tool.name: tool for tool in offered}
    assert {f"/{name}" for name in tools} == ENDPOINTS
    assert set(tools["explain"].inputSchema["properties"]) == {"picture", "network", "method", "layer", "class_name"}
    for tool in offered:
        assert len(tool.description or "") > 40, tool.name
        for name, parameter in tool.inputSchema["properties"].items():
            assert "type" in parameter, (tool.name, name)
            assert parameter["description"] == PARAMETERS[name]
    assert tools["draw"].inputSchema["properties"]["networks"]["items"] == {"type": "string"}
    kinds = [part.type for part in given["uri"].content]
    assert kinds == ["image", "text", "text"]  # the picture, its address, the numbers
    assert given["address"].isError
    assert "no address" in given["address"].content[0].text


def test_without_being_asked_the_lab_is_no_mcp_server(lab: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="40"):
        urllib.request.urlopen(f"{lab}gradio_api/mcp/", timeout=20)


def test_the_lab_is_mounted_into_another_app(runs: Path) -> None:
    app = FastAPI()
    app.get("/own")(lambda: {"own": True})
    mount(app, [runs], "/lab")
    with TestClient(app) as visitor:
        assert visitor.get("/own").json() == {"own": True}
        assert "lit-cnns lab" in visitor.get("/lab/").text
        assert set(visitor.get("/lab/gradio_api/info").json()["named_endpoints"]) == ENDPOINTS
        event = visitor.post("/lab/gradio_api/call/networks", json={"data": []}).json()["event_id"]
        assert "resnet20_cifar" in visitor.get(f"/lab/gradio_api/call/networks/{event}").text
        picture = {"files": (EXAMPLES / "chelsea.jpg").read_bytes() + bytes(11_000_000)}
        assert visitor.post("/lab/gradio_api/upload", files=picture).status_code == 413
    with pytest.raises(ValueError, match="a path such as /lab"):
        mount(app, [runs], "/")


def test_with_a_login_nothing_is_told_to_who_has_not_logged_in(runs: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("LIT_CNNS_AUTH", "ada:engine")
    app = FastAPI()
    mount(app, [runs])
    with TestClient(app) as visitor:
        for path in ("config", "gradio_api/info", "gradio_api/openapi.json"):
            assert visitor.get(f"/lab/{path}").status_code == 401, path
        assert visitor.post("/lab/gradio_api/call/networks", json={"data": []}).status_code == 401
        assert visitor.post("/lab/gradio_api/upload", files={"files": b"x"}).status_code == 401
        wrong = {"username": "ada", "password": "motor"}
        assert visitor.post("/lab/login", data=wrong).status_code == 400
        assert visitor.post("/lab/login", data=wrong | {"password": "engine"}).status_code == 200
        assert set(visitor.get("/lab/gradio_api/info").json()["named_endpoints"]) == ENDPOINTS


def test_a_login_is_user_and_password(monkeypatch: Any) -> None:
    monkeypatch.delenv("LIT_CNNS_AUTH", raising=False)
    assert credentials() is None
    assert credentials("ada:en:gine") == ("ada", "en:gine")
    monkeypatch.setenv("LIT_CNNS_AUTH", "ada:engine")
    assert credentials() == ("ada", "engine")
    for wrong in ("ada", ":engine", "ada:"):
        with pytest.raises(ValueError, match="A login is user:password"):
            credentials(wrong)
    with pytest.raises(ValueError, match="An MCP server cannot log in"):
        launch(mcp=True)
