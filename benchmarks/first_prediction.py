"""How soon the quickstart's lab answers in the browser: `python benchmarks/first_prediction.py`. It needs Chromium.

The clock runs from the start of `demo/quickstart.py` until the card of a network stands in a Chromium that was open
already: a visitor who presses an example as soon as the page shows it. Meanwhile the quickstart begins to train.
"""

import argparse
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from playwright.sync_api import Page

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "demo"))
from browser import open_page  # noqa: E402


def one_run(page: Page) -> tuple[float, float]:
    """Seconds until the page answers, and until the first card."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        words = [sys.executable, str(ROOT / "demo" / "quickstart.py")]
        start = time.perf_counter()
        process = subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, text=True, start_new_session=True)
        try:
            assert process.stdout
            address = process.stdout.readline().split(" open at ")[1].split()[0]
            up = time.perf_counter() - start
            page.goto(address)
            page.locator("#examples .gallery-item").first.click()
            page.locator("#answers .lab-card").first.wait_for(timeout=120_000)
            return up, time.perf_counter() - start
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.communicate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="timed runs, after one that is not timed")
    runs = parser.parse_args().runs
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    load = os.getloadavg()[0]
    with open_page(chromium) as page:
        ups, cards = zip(*[one_run(page) for _ in range(runs + 1)][1:], strict=True)
    where = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    print(f"{where}, load {load:.1f} before; seconds, wall clock, n = {runs}\n")
    print("| from the start of the quickstart to | median | fastest | slowest |\n|---|--:|--:|--:|")
    for name, seconds in (("the page", ups), ("the first prediction in the browser", cards)):
        print(f"| {name} | {median(seconds):.1f} | {min(seconds):.1f} | {max(seconds):.1f} |")


if __name__ == "__main__":
    main()
