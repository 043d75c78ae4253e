"""`demo/` is a Space as it stands, and its Dockerfile makes a lab: their steps are done here, but for the machines."""

import json
import re
import shlex
import shutil
import subprocess
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from socket import socket
from typing import Any

import pytest
import yaml
from conftest import EXAMPLES
from gradio_client import Client, handle_file
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "demo"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
LINES = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
PINNED = {canonicalize_name(name): version for name, version in LINES}
STEPS = re.findall(r"^([A-Z]+) (.*)$", (DEMO / "Dockerfile").read_text(), re.MULTILINE)
IGNORED = (DEMO / "Dockerfile.dockerignore").read_text().split()
SET = dict(word.split("=") for instruction, rest in STEPS if instruction == "ENV" for word in rest.split())
LEFT_OUT = "plain20_cifar_cifar10"  # a network that ships; where it is missing, another folder's lab did not answer
PATIENCE = 90  # seconds until a lab is up


def header() -> dict[str, Any]:
    """The Space's settings, which its README begins with."""
    return yaml.safe_load((DEMO / "README.md").read_text().split("---\n")[1])


def step(instruction: str) -> str:
    """What the one instruction of this name says."""
    (rest,) = [rest for name, rest in STEPS if name == instruction]
    return rest


def copies() -> list[tuple[str, str]]:
    """What the image is given: path in the project, and place."""
    split = [shlex.split(rest) for instruction, rest in STEPS if instruction == "COPY"]
    return [(source, place) for *sources, place in split for source in sources]


def tracked(path: str) -> list[str]:
    """The files of a clone at or below a path of the project."""
    listed = ["git", "ls-files", "-z", "-co", "--exclude-standard", "--", path]
    found = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    return [name for name in found if name and (ROOT / name).is_file()]


def is_sent(path: str) -> bool:
    """Whether a build is sent a file: of the lines that match it or a folder around it, the last one decides."""
    parts, sent = path.split("/"), True
    for line in IGNORED:
        pattern = line.removeprefix("!").split("/")
        deep = pattern[0] == "**" and pattern[1] in parts
        if deep or (len(pattern) <= len(parts) and all(map(fnmatchcase, parts, pattern))):
            sent = line.startswith("!")
    return sent


def test_the_settings_of_the_space_are_those_of_the_project() -> None:
    settings = header()
    assert settings["sdk"] == "gradio"
    assert settings["sdk_version"] == PINNED["gradio"]
    assert (DEMO / settings["app_file"]).is_file()
    assert settings["python_version"] in SpecifierSet(PROJECT["requires-python"])
    assert settings["license"] == PROJECT["license"].lower()
    assert len(settings["short_description"]) <= 60  # more is refused


def test_the_requirements_of_the_space_can_be_had() -> None:
    (line,) = (DEMO / "requirements.txt").read_text().split()
    wanted = Requirement(line)
    assert wanted.name == PROJECT["name"]
    assert PROJECT["version"] in wanted.specifier
    assert wanted.extras <= set(PROJECT["optional-dependencies"])
    extra = [one for name in wanted.extras for one in PROJECT["optional-dependencies"][name]]
    for one in map(Requirement, [*PROJECT["dependencies"], *extra]):
        assert PINNED[canonicalize_name(one.name)] in one.specifier, one
    assert header()["sdk_version"] in next(one for one in map(Requirement, extra) if one.name == "gradio").specifier


def test_the_image_is_given_all_that_the_wheel_is_made_of_and_no_more() -> None:
    for source, _ in copies():
        files = tracked(source)
        assert files, source
        assert [name for name in files if not is_sent(name)] == []
    wheel = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = [*wheel["only-include"], PROJECT["readme"], *PROJECT["license-files"], "pyproject.toml"]
    sources = [source for source, _ in copies()]
    assert [one for one in needed if not any(one == source or one.startswith(f"{source}/") for source in sources)] == []
    for other in (".git/config", "runs/a.ckpt", "tests/conftest.py", "lit_cnns/__pycache__/cli.cpython-311.pyc"):
        assert not is_sent(other), other


def test_the_image_runs_the_lab_as_nobody_in_particular() -> None:
    image, _, version = step("FROM").partition(":")
    assert image == "python"
    assert version.removesuffix("-slim") in SpecifierSet(PROJECT["requires-python"])
    instructions = [instruction for instruction, _ in STEPS]
    assert step("USER") not in ("root", "0")
    assert instructions.index("USER") < instructions.index("CMD")
    program, file = json.loads(step("CMD"))
    assert (program, file) in [("python", Path(source).name) for source, place in copies() if place == "."]
    assert SET["GRADIO_SERVER_PORT"] == step("EXPOSE")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, fresh_environment: Any) -> Any:
    """An environment in which the image's installation was typed, over the files that the image is given."""
    folder = tmp_path_factory.mktemp("image")
    for source, place in copies():
        for name in tracked(source):
            below = Path(name).relative_to(source) if name != source else Path(Path(name).name)
            where = folder / place.lstrip("/") / below
            where.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, where)
    (install,) = [rest for instruction, rest in STEPS if instruction == "RUN" and "pip install" in rest]
    fresh_environment.run("bash", "-c", install.replace("/source", f"{folder}/source"), cwd=folder)
    fresh_environment.app = folder / Path(json.loads(step("CMD"))[1]).name
    return fresh_environment


@contextmanager
def lab(environment: Any, app: Path, folder: Path, **variables: str) -> Iterator[str]:
    """The address of a lab that `python app.py` serves in its folder."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    here = {"GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": port, "GRADIO_TEMP_DIR": str(folder / "gradio")}
    environ = {**environment.environ(), **variables, **here}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(["python", app.name], cwd=app.parent, env=environ, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}/"
    try:
        until = time.monotonic() + PATIENCE
        while not is_up(url):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait()


def is_up(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=20) as page:
            return "lit-cnns lab" in page.read().decode()
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def ask(url: str, network: str, downloads: Path) -> tuple[list[str], dict[str, Any]]:
    """The networks of a lab, and what one of them says of a photograph."""
    client = Client(url, verbose=False, analytics_enabled=False, download_files=str(downloads))
    (answer,) = client.predict(handle_file(EXAMPLES / "chelsea.jpg"), [network], api_name="/predict")
    return [one["id"] for one in client.predict(api_name="/networks")], answer


@pytest.mark.slow
def test_the_folder_alone_is_a_lab_as_a_space_runs_it(installed: Any, tmp_path: Path) -> None:
    space = tmp_path / "space"
    for name in tracked("demo"):
        where = space / Path(name).relative_to("demo")
        where.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, where)
    (space / f"lit_cnns_demo/checkpoints/{LEFT_OUT}.ckpt").unlink()
    of_spaces = {"SYSTEM": "spaces", "SPACE_ID": "somebody/lab", "LIT_CNNS_RUNS": str(tmp_path / "none")}
    with lab(installed, space / header()["app_file"], tmp_path, **of_spaces) as url:
        networks, answer = ask(url, "resnet20_cifar_cifar10", tmp_path)
    assert LEFT_OUT not in networks
    assert "lenet5_1998_mnist" in networks
    assert answer["top"][0]["class"] == "cat"


@pytest.mark.slow
def test_the_image_serves_a_lab_with_the_verdicts_of_the_claims(installed: Any, tmp_path: Path) -> None:
    with lab(installed, installed.app, tmp_path, **{**SET, "LIT_CNNS_RUNS": str(tmp_path / "none")}) as url:
        networks, answer = ask(url, "resnet20_cifar_cifar10", tmp_path)
        claims = Client(url, verbose=False, analytics_enabled=False).predict(api_name="/claims")
    assert LEFT_OUT in networks
    assert answer["top"][0]["class"] == "cat"
    assert {one["id"]: one["verdict"] for one in claims}["three_3x3"] == "holds"
