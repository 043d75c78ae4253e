"""Broken and hostile inputs at the running lab: `python benchmarks/lab_hostile.py --most 400 --output FILE.md`.

Pictures that are cut, bit-flipped, huge, empty, animated or bombs, of every format that Pillow writes; wrong values
through every endpoint and every event of the page, presses that nobody pressed; paths and addresses; foreign and
hostile files among the checkpoints. The lab has to answer each with a sentence or a result, run nothing, give no file
away, and still be there at the end.
"""

import argparse
import json
import os
import platform
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import torch

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
from hostile_inputs import ADDRESSES, LAB, PRESSES, UPLOAD_NAMES, WRONG, hostile_files, pictures  # noqa: E402
from lab_load import serve  # noqa: E402

NETWORK = "resnet20_cifar_cifar10"
EVENTS_EACH = 4  # wrong values that an event of the page gets
SHOWN = {"networks": [NETWORK], "network": NETWORK, "pictures": "digits"}  # sound values of parameters
Input = partial[None]


class Attack:
    """Inputs at one lab, with what they led to.

    Attributes:
        kind: of the inputs that are sent now.
        counts: how often what came back, by kind.
        unanswered: what got no answer.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.http = httpx.Client(base_url=f"{self.url}/gradio_api", timeout=120)
        self.kind = ""
        self.counts: dict[str, Counter[str]] = defaultdict(Counter)
        self.unanswered: list[str] = []

    @property
    def sent(self) -> int:
        return sum(count.total() for count in self.counts.values())

    def send(self, kind: str, inputs: list[Input]) -> None:
        self.kind = kind
        for one in inputs:
            try:
                one()
            except httpx.HTTPError as error:
                self.note("no answer", f"{error!r} for {one.args[1:]!r:.100}")

    def note(self, outcome: str, what: str) -> None:
        self.counts[self.kind][outcome] += 1
        if outcome == "no answer":
            self.unanswered.append(f"{self.kind}: {what}")

    def upload(self, data: bytes, name: str) -> dict[str, Any] | None:
        """Upload a file; None where the lab refuses it."""
        answer = self.http.post("/upload", files={"files": (name, data)})
        if answer.status_code != 200:
            if answer.status_code >= 500:
                raise httpx.HTTPError(f"HTTP {answer.status_code} for an upload named {name!r:.80}")
            return None
        return {"path": answer.json()[0], "orig_name": name, "meta": {"_type": "gradio.FileData"}}

    def picture(self, data: bytes, name: str) -> None:
        """Upload a picture and ask a network about it."""
        given = self.upload(data, name)
        if given is None:
            self.note("refused", name)
        else:
            self.call("predict", [given, [NETWORK]], name)

    def call(self, name: str, data: list[Any], what: str) -> None:
        """Call an endpoint; a result and a sentence are answers, nothing else is."""
        body = json.dumps({"data": data})
        begun = self.http.post(f"/call/{name}", content=body, headers={"Content-Type": "application/json"})
        if begun.status_code != 200:
            self.note("no answer" if begun.status_code >= 500 else "refused", f"{name} {what}: {begun.text[:200]}")
            return
        said = self.http.get(f"/call/{name}/{begun.json()['event_id']}").text
        told = said.partition("event: error\ndata: ")[2]
        good = "event: complete" in said or (len(told) > 10 and "null" not in told[:6])
        self.note(("sentence" if told else "result") if good else "no answer", f"{name} {what}: {said[-300:]}")

    def event(self, number: int, data: list[Any], what: str, press: Any = None) -> None:
        """Send an event as the page does."""
        session = f"s{random.random()}"
        asked = {"data": data, "fn_index": number, "session_hash": session, "event_data": press}
        headers = {"Content-Type": "application/json"}
        begun = self.http.post("/queue/join", content=json.dumps(asked), headers=headers)
        if begun.status_code != 200:
            outcome = "no answer" if begun.status_code >= 500 else "refused"
            return self.note(outcome, f"event {number} {what}: {begun.text[:200]}")
        with self.http.stream("GET", "/queue/data", params={"session_hash": session}) as stream:
            for line in stream.iter_lines():
                if '"process_completed"' in line:
                    told = json.loads(line.removeprefix("data: "))
                    said = "sentence" if (told["output"] or {}).get("error") else "no answer"
                    return self.note("result" if told["success"] else said, f"event {number} {what}: {line[:300]}")
        return self.note("no answer", f"event {number} {what}: the connection ended")

    def address(self, path: str) -> None:
        """Ask for a file; what the machine keeps for itself must not come."""
        answer = httpx.get(f"{self.url}/{path}", timeout=60)
        leaked = "root:" in answer.text or "PATH=" in answer.text
        self.note("no answer" if leaked or answer.status_code >= 500 else "refused", f"{path[:80]}: {answer.text[:80]}")

    def named(self, name: str) -> None:
        """Upload a file under a name that leads elsewhere."""
        given = self.upload(b"x", name)
        inside = given is None or (".." not in Path(given["path"]).parts and len(Path(given["path"]).parent.name) == 64)
        self.note(("refused" if given is None else "result") if inside else "no answer", f"{name!r:.80}: {given}")


def checkpoints(used: Attack) -> list[Input]:
    """Every network on the shelf is asked: damaged ones that describe themselves well are among them."""
    event = used.http.post("/call/networks", json={"data": []}).json()["event_id"]
    said = used.http.get(f"/call/networks/{event}").text
    ids = [one["id"] for one in json.loads(said.partition("event: complete\ndata: ")[2])[0]]
    picture = used.upload((LAB / "examples" / "chelsea.jpg").read_bytes(), "chelsea.jpg")
    asked = {"predict": lambda id: [picture, [id]], "layers": lambda id: [id], "kernels": lambda id: [id, "network"]}
    return [partial(used.call, name, data(id), f"network {id}") for id in ids for name, data in asked.items()]


def values(used: Attack) -> list[Input]:
    """A wrong value in each place of each endpoint, the others sound."""
    made: list[Input] = []
    for name, endpoint in used.http.get("/info").json()["named_endpoints"].items():
        sound = [SHOWN.get(one["parameter_name"], one["parameter_default"]) for one in endpoint["parameters"]]
        for place, _ in enumerate(sound):
            for wrong in WRONG:
                data = [*sound[:place], wrong, *sound[place + 1 :]]
                made.append(partial(used.call, name[1:], data, f"{place}={wrong!r:.50}"))
    return made


def events(used: Attack, rng: random.Random) -> tuple[list[Input], list[Input]]:
    """Wrong values through the page's events; presses that nobody pressed through those that wait for one."""
    functions = httpx.get(f"{used.url}/config", timeout=60).json()["dependencies"]
    asked = [one for one in functions if one["backend_fn"] and one["queue"] is not False]
    wrong = [
        partial(used.event, one["id"], [value] * len(one["inputs"]), f"{value!r:.50}")
        for one in asked
        for value in (None, *rng.sample(WRONG[1:], EVENTS_EACH - 1))
    ]
    pressed = [
        partial(used.event, one["id"], [None] * len(one["inputs"]), f"pressed {press!r:.50}", press)
        for one in asked
        if one["collects_event_data"]
        for press in PRESSES
    ]
    return wrong, pressed


def kinds(used: Attack, rng: random.Random, count: int) -> dict[str, list[Input]]:
    """All inputs by kind.

    Args:
        used: where they go.
        rng: what breaks pictures.
        count: of pictures.
    """
    wrong, pressed = events(used, rng)
    files = enumerate(islice(pictures(rng), count))
    return {
        "networks of hostile files": checkpoints(used),
        "wrong values, endpoints": values(used),
        "wrong values, page events": wrong,
        "presses nobody pressed": pressed,
        "addresses of files": [partial(used.address, path) for path in ADDRESSES],
        "names of uploads": [partial(used.named, name) for name in UPLOAD_NAMES],
        "pictures": [partial(used.picture, data, f"{number}.png") for number, data in files],
    }


def attack(most: int, seed: int) -> tuple[Attack, int, bool, bool]:
    """Send all inputs to a lab: what they led to, the hostile files, whether it stood, whether one was executed."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        mark = Path(folder) / "executed"
        files = hostile_files(Path(folder) / "hostile", mark, rng)
        process, url = serve(folder)
        try:
            used = Attack(url)
            for kind, inputs in kinds(used, rng, most).items():
                used.send(kind, inputs if len(inputs) <= most else rng.sample(inputs, most))
            used.send(
                "a sound picture at the end",
                [partial(used.picture, (LAB / "examples/chelsea.jpg").read_bytes(), "a.jpg")],
            )
            stands = process.poll() is None and used.counts[used.kind]["result"] == 1
        finally:
            process.terminate()
            process.wait()
        return used, files, stands, mark.exists()


def report(used: Attack, files: int, stands: bool, executed: bool, command: str, seconds: float) -> str:
    """What happened, as Markdown."""
    outcomes = ("result", "sentence", "refused", "no answer")
    rows = [
        f"| {kind} | {count.total():,} | {' | '.join(f'{count[one]:,}' for one in outcomes)} |"
        for kind, count in used.counts.items()
    ]
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    without = "".join(f"\n- no answer: `{one}`" for one in used.unanswered)
    return f"""# The lab under hostile inputs

`python benchmarks/lab_hostile.py {command}`, over loopback, on a machine that others use,
too: {os.cpu_count()} cores, load {load} at the end; Python {platform.python_version()}, torch {torch.__version__};
{seconds:.0f} seconds. {files} foreign and hostile files lay among the checkpoints: pickles that call `os.system`,
classes and arguments that are none of ours, archives that unpack to 500 MB, sound files that were cut or had bits
flipped, links out of the folder.

**{used.sent:,} inputs, {len(used.unanswered)} without an answer; {"something" if executed else "nothing"} was executed;
the lab {"answered a sound picture at the end" if stands else "did not stand"}.**

| inputs | sent | result | sentence | refused (HTTP 4xx) | no answer |
|---|--:|--:|--:|--:|--:|
{chr(10).join(rows)}

A result may be right: a damaged picture that can still be read is answered, and an event of the page that takes no
value does what it always does. An answer with status 500, an error without words, a connection that ends, and a file of
the machine that is given away all count as no answer.{without}
"""


def main() -> None:
    """Run; the exit status says whether the lab stood."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=2000, help="inputs of each kind; of more, some are drawn")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, help="where the Markdown is written, besides the terminal")
    arguments = parser.parse_args()
    start = time.monotonic()
    used, files, stands, executed = attack(arguments.most, arguments.seed)
    command = f"--most {arguments.most} --seed {arguments.seed}"
    told = report(used, files, stands, executed, command, time.monotonic() - start)
    print(told)
    if arguments.output:
        arguments.output.write_text(told)
    raise SystemExit(bool(used.unanswered or executed or not stands))


if __name__ == "__main__":
    main()
