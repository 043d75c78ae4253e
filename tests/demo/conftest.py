"""Two small networks with random weights, saved as runs save them: one of digits, one of CIFAR-10."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from lit_cnns import CIFAR10, Digits, LitCifarResNet, LitLeNet5
from lit_cnns.checkpoints import save_slim
from lit_cnns.lineage import LitGoogLeNetSmall

if TYPE_CHECKING:
    from browser import LabPage
    from playwright.sync_api import Page

EXAMPLES = Path(__file__).parents[2] / "demo" / "lit_cnns_demo" / "examples"


def write_runs(folder: Path) -> Path:
    """Write `lenet5/version_0/checkpoints/best.ckpt` and the same of a ResNet-20 below `folder`."""
    torch.manual_seed(0)
    lenet, resnet = LitLeNet5("modern"), LitCifarResNet(20)
    lenet.describe_data(Digits())
    lenet.metrics = {"val/top1": 0.9125, "test/top1": 0.875}
    resnet.describe_data(CIFAR10())
    save_slim(resnet, folder / "resnet20/version_0/checkpoints/best.ckpt")
    save_slim(lenet, folder / "lenet5/version_0/checkpoints/best.ckpt")
    return folder


def write_heads(folder: Path) -> Path:
    """Write `googlenet/best.ckpt`, of a network with auxiliary heads and response normalisation, below `folder`."""
    torch.manual_seed(0)
    googlenet = LitGoogLeNetSmall()
    googlenet.describe_data(CIFAR10())
    save_slim(googlenet, folder / "googlenet/best.ckpt")
    return folder


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_runs(tmp_path_factory.mktemp("runs"))


@pytest.fixture
def own_runs(tmp_path: Path) -> Path:
    """A folder of the same runs that a test may change."""
    return write_runs(tmp_path / "runs")


@pytest.fixture(scope="module")
def lab(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a lab over the two networks alone."""
    from lit_cnns_demo import build, serve, shelf

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shelf, "SHIPPED", tmp_path_factory.mktemp("ships_nothing"))
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        demo = build([runs])
        _, url, _ = serve(demo, prevent_thread_lock=True, quiet=True)
        yield url
        demo.close()


@pytest.fixture(scope="module")
def page(chromium: str) -> Iterator["Page"]:
    """An empty page of a browser."""
    from browser import open_page

    with open_page(chromium) as page:
        yield page


@pytest.fixture
def visit(page: "Page", lab: str) -> "LabPage":
    """The lab as a visitor finds it."""
    from browser import LabPage

    return LabPage(page, lab)
