"""Take the README's picture of the lab, on the networks that ship: `python docs/screenshot.py`. It needs Chromium."""

import shutil
import sys
from pathlib import Path

from lit_cnns_demo import build, serve

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "demo"))
from browser import LabPage, open_page  # noqa: E402

PICTURE = ROOT / "demo" / "lit_cnns_demo" / "examples" / "chelsea.jpg"
LAYERS = {"vgg_cifar": "conv1_2", "resnet20_cifar": "stage2_1"}
COLOURS = 192  # enough that nobody sees it, and a third of the bytes


def main() -> None:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    lab = build()
    _, address, _ = serve(lab, prevent_thread_lock=True, quiet=True)
    with open_page(chromium, width=1120, height=740) as page:
        shown = LabPage(page, address).tour(PICTURE, LAYERS)
    lab.close()
    output = ROOT / "docs" / "images" / "lab.png"
    shown.quantize(COLOURS).save(output, optimize=True)
    print(f"{output}: {shown.width} x {shown.height}, {output.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
