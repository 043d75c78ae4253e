"""What the lab costs beside the networks themselves: `python benchmarks/lab.py`.

Networks are those that ship, of one thread, in CPU time; contestants are interleaved and medians taken.
"""

import argparse
import io
import os
import platform
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from socket import socket
from statistics import median

import numpy as np
import torch
from PIL import Image

from lit_cnns.data import fit_image, read_image, to_batch

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "demo"))
from lit_cnns_demo.panels import ENOUGH, compare  # noqa: E402
from lit_cnns_demo.shelf import Shelf  # noqa: E402

PHOTOGRAPH = ROOT / "demo" / "lit_cnns_demo" / "examples" / "chelsea.jpg"
GUESTS = ("torchvision/resnet18", "torchvision/alexnet")
Row = tuple[str, float, float | None]  # what, milliseconds, the most they may be


def timed(contestants: dict[str, Callable[[], object]], runs: int) -> dict[str, float]:
    """Median CPU milliseconds of each, run in turn after a first round that is not counted."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(runs + 1):
        for name, work in contestants.items():
            start = time.process_time()
            work()
            if number:
                times[name].append(1000 * (time.process_time() - start))
    return {name: median(taken) for name, taken in times.items()}


def comparing(runs: int) -> list[Row]:
    """All networks on one picture against their forward passes and one decoding."""
    shelf = Shelf()
    for name in GUESTS:
        shelf.invite(name, trained=False)
    shelf.refresh()
    entries = shelf.entries
    image = read_image(PHOTOGRAPH, at_least=ENOUGH)
    contestants: dict[str, Callable[[], object]] = {
        "lab": lambda: compare(shelf, entries, read_image(PHOTOGRAPH, at_least=ENOUGH)),
        "decoding": lambda: read_image(PHOTOGRAPH, at_least=ENOUGH),
    }
    for entry in entries:
        network = shelf.network(entry)
        batch = to_batch([image], network.preprocessing)
        contestants[entry.id] = forward(network.net, batch)
        contestants[f"{entry.id} fitted"] = lambda one=network: fit_image(image, one.preprocessing)  # type: ignore[misc]
    compare(shelf, entries, image)  # warm
    found = timed(contestants, runs)
    parts = found["decoding"] + sum(found[entry.id] for entry in entries)
    fitted = sum(found[f"{entry.id} fitted"] for entry in entries)
    return [
        (f"{len(entries)} networks on one picture in the lab", found["lab"], 1.05 * parts),
        ("their forward passes and one decoding", parts, None),
        ("fitting the picture to each of them", fitted, None),
    ]


def forward(net: torch.nn.Module, batch: torch.Tensor) -> Callable[[], object]:
    def run() -> object:
        with torch.inference_mode():
            return net(batch)

    return run


def decoding(runs: int) -> list[Row]:
    """A photograph of 12 megapixels, as a camera makes it, from its bytes to a tensor."""
    with Image.open(PHOTOGRAPH) as small:
        pixels = np.asarray(small.convert("RGB").resize((4000, 3000), Image.Resampling.BICUBIC), dtype=np.int16)
    noise = np.random.default_rng(0).normal(0, 4, pixels.shape).astype(np.int16)
    file = io.BytesIO()
    Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=85)
    data = file.getvalue()
    found = timed({"scaled": lambda: read_image(data, at_least=ENOUGH), "whole": lambda: read_image(data)}, runs)
    return [
        (f"a JPEG of 12 megapixels ({len(data) / 1e6:.1f} MB) to a tensor, as the lab reads it", found["scaled"], 20),
        ("the same decoded whole", found["whole"], None),
    ]


def opening(runs: int) -> list[Row]:
    """From the start of `lit-cnns demo` to the page's first answer; wall clock."""
    taken, importing = [], []
    for _ in range(max(1, runs // 3)):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import gradio"], check=True)
        importing.append(1000 * (time.perf_counter() - start))
        with socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        start = time.perf_counter()
        words = [sys.executable, "-m", "lit_cnns", "demo", "--port", str(port)]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not answers(port):
            time.sleep(0.02)
        taken.append(1000 * (time.perf_counter() - start))
        process.terminate()
        process.wait()
    return [
        ("the page up, from the start of the command", median(taken), 3000),
        ("a Python that does nothing but import Gradio", median(importing), None),
    ]


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=5):
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


PARTS = {"comparing": comparing, "decoding": decoding, "opening": opening}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15, help="timed runs, after one that is not timed")
    parser.add_argument("--only", choices=PARTS, help="measure this alone")
    arguments = parser.parse_args()
    runs, chosen = arguments.runs, [arguments.only] if arguments.only else [*PARTS]
    torch.set_num_threads(1)
    load = os.getloadavg()[0]
    rows = [row for name in chosen for row in PARTS[name](runs)]
    where = f"Python {platform.python_version()}, torch {torch.__version__}, {platform.machine()}"
    print(f"{where}, {os.cpu_count()} cores, load {load:.1f} before; ms, n = {runs}\n")
    print("| | median | at most |\n|---|--:|--:|")
    for name, milliseconds, most in rows:
        print(f"| {name} | {milliseconds:.1f} | {'' if most is None else f'{most:.0f}'} |")


if __name__ == "__main__":
    main()
