"""Fixtures that every test file may use."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter

ROOT = Path(__file__).parent.parent
NO_SHARED_DATA = "no shared data folder"

# Read by torch, matplotlib and gradio when they are imported, and inherited by the processes that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data sets beside the project; a user's machine does not have it."""
    folder = Path(os.environ.get("LIT_CNNS_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"{NO_SHARED_DATA} at {folder} (set LIT_CNNS_SHARED)")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; a machine without one skips the browser tests, except where CI promises it."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no Chromium on this machine")
    return path


class FreshEnvironment:
    """A virtual environment without this project, which finds the other installed packages where they are."""

    def __init__(self, folder: Path):
        self.folder = folder
        venv.create(folder, with_pip=False)
        self.bin = folder / "bin"
        site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
        # A .pth file leads to no further .pth file, so the editable checkout beside those packages stays out of sight.
        (site / "elsewhere.pth").write_text(sysconfig.get_path("purelib") + "\n")
        self.site_packages = site

    def environ(self) -> dict[str, str]:
        """The variables of a shell in which this environment is active."""
        kept = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "PYTHONHOME"}}
        # For pip: no dependencies, no index, no isolated build (its 0 is an off switch). Nothing is fetched.
        pip = {"PIP_NO_DEPS": "1", "PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_FORCE_REINSTALL": "1"}
        return {**kept, **pip, "VIRTUAL_ENV": str(self.bin.parent), "PATH": f"{self.bin}{os.pathsep}{kept['PATH']}"}

    def run(self, *command: str, cwd: Path) -> str:
        """Run a command in the environment and return what it printed; a failure shows both streams."""
        done = subprocess.run(command, cwd=cwd, env=self.environ(), capture_output=True, text=True)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def fresh_environment(tmp_path_factory: pytest.TempPathFactory) -> FreshEnvironment:
    return FreshEnvironment(tmp_path_factory.mktemp("fresh") / "venv")


@pytest.fixture
def active() -> dict[str, str]:
    """The variables of a shell in which the environment of this test run is active."""
    scripts = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    skipped = [report for report in terminalreporter.getreports("skipped") if NO_SHARED_DATA in str(report.longrepr)]
    if skipped:
        terminalreporter.write_line(f"{len(skipped)} tests were skipped because there is no shared data folder.")
