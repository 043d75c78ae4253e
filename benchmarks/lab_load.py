"""Many clients at the lab at once: `python benchmarks/lab_load.py --clients 50 --seconds 120 --output FILE.md`.

The lab runs as `lit-cnns demo` in a process of its own. Each client uploads a picture that is nobody else's, asks some
networks, or for the maps of a layer, and holds the answer against the one computed here, without the lab's server.
"""

import argparse
import io
import json
import os
import platform
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np
import torch
from PIL import Image

from lit_cnns.data import read_image

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "demo"))
from lit_cnns_demo.layer_views import look  # noqa: E402
from lit_cnns_demo.panels import ENOUGH, compare  # noqa: E402
from lit_cnns_demo.shelf import Shelf  # noqa: E402

PHOTOGRAPH = ROOT / "demo" / "lit_cnns_demo" / "examples" / "chelsea.jpg"
NETWORKS = 3
MAPS_EVERY = 4  # every fourth question of a client is for maps
CLOSE = 1e-4  # of a probability, and of a map's mean as a share of the largest


@dataclass
class Client:
    """One visitor, with what it sends and what it has to be told."""

    picture: bytes
    tops: list[list[tuple[str, float]]]
    means: list[float]
    seconds: list[float] = field(default_factory=list)
    wrong: int = 0
    errors: list[str] = field(default_factory=list)

    def visit(self, url: str, ids: list[str], layer: str, until: float) -> None:
        """Ask until the time is over."""
        with httpx.Client(base_url=f"{url}/gradio_api", timeout=120) as http:
            while time.monotonic() < until:
                start, for_maps = time.monotonic(), len(self.seconds) % MAPS_EVERY == MAPS_EVERY - 1
                try:
                    upload = http.post("/upload", files={"files": ("own.png", self.picture)}).json()[0]
                    given = {"path": upload, "orig_name": "own.png", "meta": {"_type": "gradio.FileData"}}
                    if for_maps:
                        data = ask(http, "feature_maps", [given, ids[0], layer, "network"])
                        self.wrong += not self._are_mine(data[1]["statistics"]["mean"])
                    else:
                        self.wrong += not self._is_mine(ask(http, "predict", [given, ids])[0])
                except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
                    self.errors.append(f"{type(error).__name__}: {error!s:.200}")
                self.seconds.append(time.monotonic() - start)

    def _is_mine(self, answers: list[dict[str, Any]]) -> bool:
        told = [[(one["class"], one["probability"]) for one in answer["top"]] for answer in answers]
        return len(told) == len(self.tops) and all(
            name == wanted and abs(value - expected) < CLOSE
            for one, mine in zip(told, self.tops, strict=True)
            for (name, value), (wanted, expected) in zip(one, mine, strict=True)
        )

    def _are_mine(self, means: list[float]) -> bool:
        return bool(np.allclose(means, self.means, atol=CLOSE * max(map(abs, self.means)), rtol=0))


def ask(http: httpx.Client, name: str, data: list[Any]) -> Any:
    """Call an endpoint and wait for its answer; ValueError with what an error says."""
    event = http.post(f"/call/{name}", json={"data": data}).json()["event_id"]
    kind, said = "", ""
    with http.stream("GET", f"/call/{name}/{event}") as response:
        for line in response.iter_lines():
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: ") and kind in ("complete", "error"):
                said = line.removeprefix("data: ")
                break
    if kind != "complete":
        raise ValueError(f"{kind}: {said}")
    return json.loads(said)


def clients(count: int) -> tuple[list[Client], list[str], str]:
    """The clients, the networks they ask, and the layer they look at."""
    shelf = Shelf()
    shelf.refresh()
    entries = [entry for entry in shelf.entries if "cifar" in entry.name][:NETWORKS]
    network = shelf.network(entries[0])
    layer = next(iter(network.layers))
    photograph = np.asarray(Image.open(PHOTOGRAPH).convert("RGB"))
    made = []
    for number in range(count):
        random = np.random.default_rng(number)
        tinted = np.roll(photograph, random.integers(0, 200, 2), (0, 1)) * random.uniform(0.3, 1, 3)
        file = io.BytesIO()
        Image.fromarray(tinted.astype(np.uint8)).save(file, "PNG", compress_level=1)
        image = read_image(file.getvalue(), at_least=ENOUGH)
        tops = [answer.top for answer in compare(shelf, entries, image)]
        made.append(Client(file.getvalue(), tops, look(network, image, layer).statistics.mean.tolist()))
    distinct = {str(client.tops) for client in made}
    assert len(distinct) == count, "two clients would not tell their answers apart"
    return made, [entry.id for entry in entries], layer


def memory(process: int) -> float:
    """Resident megabytes of a process."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def serve(folder: str) -> tuple[subprocess.Popen[bytes], str]:
    """Start the lab in its own process; it and its address once it answers."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = os.pathsep.join([str(ROOT), str(ROOT / "demo"), os.environ.get("PYTHONPATH", "")])
    environ = {**os.environ, "PYTHONPATH": path, "GRADIO_TEMP_DIR": folder}
    command = [sys.executable, "-m", "lit_cnns", "demo", folder, "--port", str(port)]
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            httpx.get(f"{url}/config", timeout=5)
            return process, url
        except httpx.HTTPError:
            time.sleep(0.1)
    process.kill()
    raise SystemExit("The lab did not start within a minute.")


def measure(count: int, seconds: float) -> str:
    """Run the clients; what happened, as Markdown."""
    visitors, ids, layer = clients(count)
    with TemporaryDirectory() as folder:
        process, url = serve(folder)
        try:
            for client in visitors[:3]:  # networks are loaded, which is not what is measured
                client.visit(url, ids, layer, time.monotonic() + 1)
                client.seconds.clear()
            until = time.monotonic() + seconds
            threads = [threading.Thread(target=one.visit, args=(url, ids, layer, until)) for one in visitors]
            for thread in threads:
                thread.start()
            used = []
            while any(thread.is_alive() for thread in threads):
                used.append(memory(process.pid))
                time.sleep(1)
        finally:
            process.terminate()
            process.wait()
    return report(visitors, seconds, used, ids)


def report(visitors: list[Client], seconds: float, used: list[float], ids: list[str]) -> str:
    """What happened, as Markdown."""
    taken = [one for client in visitors for one in client.seconds]
    errors = [one for client in visitors for one in client.errors]
    part = max(1, len(used) // 4)
    by_quarter = [median(used[i * part : (i + 1) * part]) for i in range(4)]
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    rows = [
        ("clients at once", f"{len(visitors)}"),
        ("answers", f"{len(taken):,} ({len(taken) / seconds:.1f} a second)"),
        ("wrong answers", f"{sum(client.wrong for client in visitors)}"),
        ("errors", f"{len(errors)}{': ' + errors[0] if errors else ''}"),
        ("seconds to an answer, median", f"{median(taken):.2f}"),
        ("seconds to an answer, 95 of 100 within", f"{quantiles(taken, n=20)[-1]:.2f}"),
        ("seconds to an answer, longest", f"{max(taken):.2f}"),
        ("server's memory in each quarter of the time, median MB", ", ".join(f"{one:.0f}" for one in by_quarter)),
        ("server's memory, most, MB", f"{max(used):.0f}"),
    ]
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    command = f"`python benchmarks/lab_load.py --clients {len(visitors)} --seconds {seconds:.0f}`"
    threads = os.environ.get("OMP_NUM_THREADS", "as many as cores")
    return f"""# The lab under load

{command}, over loopback, clients and server on one machine that others use, too:
{os.cpu_count()} cores, load {load} at the end; Python {platform.python_version()},
torch {torch.__version__}, threads a process: {threads}.
Each client uploads its own picture each time and asks {", ".join(ids)}
about it; every fourth question is for the maps of a layer. An answer is wrong if it is not what the same picture
gives without the server.

| | |
|---|--:|
{table}
"""


def main() -> None:
    """Run and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--output", type=Path, help="a Markdown file to write")
    arguments = parser.parse_args()
    text = measure(arguments.clients, arguments.seconds)
    print(text)
    if arguments.output:
        arguments.output.write_text(text)


if __name__ == "__main__":
    main()
