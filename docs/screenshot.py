"""Take the documents' pictures of the lab, on the networks that ship: `python docs/screenshot.py [PANEL...]`.

Each panel is opened by its link. It needs Chromium. Many pictures and Over time show a run of LeNet-5 on
scikit-learn's digits, which is trained first.
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from lit_cnns_demo import build, serve
from PIL import Image
from playwright.sync_api import Page, expect

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "demo"))
from browser import PATIENCE, LabPage, open_page  # noqa: E402

PICTURE = ROOT / "demo" / "lit_cnns_demo" / "examples" / "chelsea.jpg"
IMAGES = ROOT / "docs" / "images"
LAYERS = {"vgg_cifar": "conv1_2", "resnet20_cifar": "stage2_1"}
RUN = ["lenet5_modern/digits", "--config", "trainer/every_epoch", "--trainer.max_epochs", "6"]
WIDTH = 1120
COLOURS = 256
PAIR = "networks=vgg_cifar_cifar10,resnet20_cifar_cifar10"


def compare_on_digits(page: Page) -> None:
    expect(page.locator("#gallery input")).to_have_value(re.compile("digits"), timeout=PATIENCE)
    page.locator("#networks .token").first.wait_for()
    page.locator("#many-start").click()


def scroll_to_the_tabs(page: Page) -> None:
    page.locator("#answers .lab-card").nth(1).wait_for()
    page.evaluate("document.querySelector('[role=tablist]').scrollIntoView(); scrollBy(0, -16)")


class Panel(NamedTuple):
    """A view of the lab.

    Args:
        link: the address after its "?".
        there: what is on the page once the panel shows something.
        height: of the window in pixels.
        start: what a visitor does to start it.
        language: the visitor's.
        width: of the window in pixels.
        dark: whether the visitor likes it dark.
    """

    link: str
    there: str
    height: int = 900
    start: Callable[[Page], None] | None = None
    language: str = "en-US"
    width: int = WIDTH
    dark: bool = False


PANELS = {
    "lab_phone": Panel(f"picture=chelsea&{PAIR}", "#answers .lab-card", 1105, scroll_to_the_tabs, width=390),
    "lab_many": Panel("tab=many", "#many .lab-report", 1325, compare_on_digits),
    "lab_dark": Panel(f"tab=maps&picture=coffee&{PAIR}", ".lab-maps img", 1180, dark=True),
    "lab_kernels": Panel(
        "tab=kernels&kernel-order=colour&networks=alexnet_cifar_13pct_cifar10,googlenet_cifar_cifar10",
        ".lab-kernels img",
        1170,
    ),
    "lab_why": Panel(f"tab=why&picture=chelsea&{PAIR}", ".lab-heat", 1065),
    "lab_training": Panel(
        "tab=training&picture=chelsea&recipe=alexnet_cifar_13pct/cifar10", "#training-views img", 1150
    ),
    "lab_time": Panel("tab=time&picture=digit_5", "#moment-kernels img", 1345),
    "lab_lineage": Panel("tab=lineage&lineage=alexnet", "#lineage-drawing svg", 1470),
    "lab_claims": Panel("tab=claims&claim=degradation", "img.lab-drawn"),
    "lab_told_ko": Panel("tab=claims&claim=told", ".lab-told", language="ko-KR"),
}


def keep(shown: Image.Image, name: str) -> None:
    """Write a picture with few colours: nobody sees it, and it takes a third of the bytes."""
    path = IMAGES / f"{name}.png"
    shown.quantize(COLOURS, kmeans=1).save(path, optimize=True)
    print(f"{path}: {shown.width} x {shown.height}, {path.stat().st_size / 1000:.0f} kB")


def main() -> None:
    names = ["lab", *PANELS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("panels", nargs="*", metavar="PANEL", help=f"of {', '.join(names)}; all unless told")
    wanted = parser.parse_args().panels or names
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with TemporaryDirectory() as folder:
        if {"lab_many", "lab_time"} & set(wanted):
            command = [sys.executable, "-m", "lit_cnns", "fit", "--config", *RUN]
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
        lab = build([folder])
        _, address, _ = serve(lab, prevent_thread_lock=True, quiet=True)
        if "lab" in wanted:
            with open_page(chromium, width=WIDTH, height=704) as page:
                keep(LabPage(page, address).tour(PICTURE, LAYERS), "lab")
        for name in wanted:
            if panel := PANELS.get(name):
                with open_page(chromium, panel.width, panel.height, panel.dark, panel.language) as page:
                    page.goto(f"{address}?{panel.link}")
                    if panel.start:
                        panel.start(page)
                    page.locator(panel.there).first.wait_for()
                    page.wait_for_timeout(3000)
                    keep(Image.open(BytesIO(page.screenshot())), name)
        lab.close()


if __name__ == "__main__":
    main()
