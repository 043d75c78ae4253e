"""The wheel, installed where the checkout cannot be seen, does in an empty folder what the README promises."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(folder),
        str(ROOT),
    ]
    done = subprocess.run([sys.executable, *build], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("lit_cnns-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, fresh_environment):
    """An environment that holds the wheel; torch and the rest it finds where they are."""
    fresh_environment.run(
        *("python", "-m", "pip", "install", "--no-deps", "--no-index", "--ignore-installed", str(wheel)),
        cwd=wheel.parent,
    )
    return fresh_environment


def test_the_wheel_carries_configs_papers_results_and_the_lab(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, ending in (("configs", ".yaml"), ("lit_cnns/papers", ".yaml"), ("demo/lit_cnns_demo", ".ckpt")):
        inside = "lit_cnns/configs" if folder == "configs" else folder.removeprefix("demo/")
        here = {str(path.relative_to(ROOT / folder)) for path in (ROOT / folder).rglob(f"*{ending}")}
        assert here
        assert {f"{inside}/{name}" for name in here} <= names
    assert not [name for name in names if name.startswith(("tests/", "demo/", "docs/"))]
    results = {name.removeprefix("lit_cnns/claims/results/") for name in names if "/claims/results/" in name}
    assert {"three_3x3/results.json", "three_3x3/figure.svg", "told/times.json"} <= results
    assert not [name for name in results if name.endswith((".png", ".md"))]


def test_it_is_the_wheel_that_runs(installed, tmp_path):
    names = "[lit_cnns.__file__, lit_cnns_demo.__file__, sys.path]"
    code = f"import json, sys, lit_cnns, lit_cnns_demo; print(json.dumps({names}))"
    package, demo, path = json.loads(installed.run("python", "-c", code, cwd=tmp_path))
    assert Path(package).is_relative_to(installed.site_packages)
    assert Path(demo).is_relative_to(installed.site_packages)
    assert not {str(ROOT), str(ROOT / "demo")} & set(path)


def test_the_installed_command_answers(installed, tmp_path):
    assert "0.1.0" in installed.run("lit-cnns", "--version", cwd=tmp_path)
    assert "lenet5_1998" in installed.run("lit-cnns", "models", cwd=tmp_path)


def test_the_installed_command_knows_the_verdicts(installed, tmp_path):
    said = installed.run("lit-cnns", "claim", "told", cwd=tmp_path)
    assert "stack_faster: right\n" in said


def test_a_network_trains_by_the_name_of_its_config(installed, tmp_path):
    installed.run("lit-cnns", "fit", "--config", "lenet5_modern/digits", "--trainer.max_epochs", "1", cwd=tmp_path)
    assert list(tmp_path.rglob("*.ckpt"))


def test_the_lab_is_built_with_the_networks_that_ship(installed, tmp_path):
    code = "import gradio, lit_cnns_demo; print(isinstance(lit_cnns_demo.build([]), gradio.Blocks))"
    assert installed.run("python", "-c", code, cwd=tmp_path).split()[-1] == "True"
