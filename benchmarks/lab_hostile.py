"""Broken and hostile inputs at the running lab: `python benchmarks/lab_hostile.py --count 1000 --seed 0`.

Pictures that are cut, bit-flipped, huge, empty, animated or bombs, of every format that Pillow writes; wrong values
through every endpoint and every event of the page; paths, addresses; foreign and hostile files among the checkpoints.
The lab has to answer each with a sentence or a result, run nothing, ask nobody, and still be there at the end.
"""

import argparse
import io
import json
import os
import pickle
import random
import struct
import sys
import tempfile
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import torch
from PIL import Image

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
from lab_load import serve  # noqa: E402

EXAMPLES = ROOT / "demo" / "lit_cnns_demo" / "examples"
FORMATS = ("BMP", "DIB", "GIF", "ICO", "IM", "JPEG", "JPEG2000", "PCX", "PNG", "PPM", "SGI", "TGA", "TIFF", "WEBP")
MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "I;16", "F")
WRONG: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    10**30,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "x" * 1_000_000,
    "../../etc/passwd",
    "/etc/passwd",
    "file:///etc/passwd",
    "\0",
    "'; DROP TABLE runs; --",
    "<script>alert(1)</script>",
    "\N{SNOWMAN}" * 50,
    [],
    [None],
    [[]],
    ["x"] * 100_000,
    {},
    {"path": "/etc/passwd"},
    {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
    {"path": "../../../etc/passwd", "orig_name": "a.png", "meta": {"_type": "gradio.FileData"}},
    {"path": "http://192.0.2.1/a.png", "meta": {"_type": "gradio.FileData"}},
    {"url": "file:///etc/passwd", "meta": {"_type": "gradio.FileData"}},
    {"path": None, "url": "http://127.0.0.1:1/a.png", "meta": {"_type": "gradio.FileData"}},
    {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": 1}}}}}}}}},
)


class Executed:
    """A pickle that leaves a mark where it is executed."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        """What a careless reader would do."""
        return os.system, (f"touch {self.mark}",)


def sound_picture(rng: random.Random, kind: str) -> bytes:
    """A picture of a format, of a mode that it can hold."""
    size = rng.randint(1, 80), rng.randint(1, 80)
    while True:
        file, mode = io.BytesIO(), rng.choice(MODES)
        try:
            picture = Image.new(mode, size)
            exif = Image.Exif()
            exif[0x0112] = rng.randint(0, 9)
            more: dict[str, Any] = {"exif": exif} if kind in ("JPEG", "PNG", "TIFF", "WEBP") else {}
            if kind in ("GIF", "PNG", "TIFF", "WEBP") and rng.random() < 0.2:
                more |= {"save_all": True, "append_images": [picture.copy() for _ in range(5)]}
            picture.save(file, kind, **more)
        except (OSError, ValueError, KeyError):
            continue
        return file.getvalue()


def png_of(width: int, height: int, data: bytes, bits: int = 8, colours: int = 2) -> bytes:
    """A PNG file that claims a size, whatever its data are."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def special_pictures() -> list[bytes]:
    """Bombs, huge and empty ones, and files that are none."""
    huge = Image.new("1", (8900, 8900))
    flat = io.BytesIO()
    huge.save(flat, "TIFF", compression="group4")
    text = io.BytesIO()
    with zipfile.ZipFile(text, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(1_000_000))
    return [
        png_of(20_000, 20_000, bytes(1_000_000)),
        png_of(2**31 - 1, 2**31 - 1, b""),
        png_of(80_000_000, 1, bytes(1000)),
        png_of(8900, 8900, bytes(8900 * (3 * 8900 + 1))),
        png_of(0, 0, b""),
        png_of(0, 5, b""),
        png_of(4, 4, bytes(4 * 25), bits=16),
        flat.getvalue(),
        text.getvalue(),
        b"",
        b"\0",
        b"GIF89a",
        b"P6 99999 99999 255\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\n",
        b"%PDF-1.7\n",
    ]


def pictures(rng: random.Random) -> Iterator[bytes]:
    """Special ones first, then whole, cut and bit-flipped ones of all formats in turn, without end."""
    yield from special_pictures()
    while True:
        for kind in FORMATS:
            data = bytearray(sound_picture(rng, kind))
            match rng.choice(("whole", "cut", "flipped", "inserted", "example")):
                case "cut":
                    data = data[: rng.randrange(len(data))]
                case "flipped":
                    for _ in range(rng.choice((1, 3, 30))):
                        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
                case "inserted":
                    place = rng.randrange(len(data))
                    data[place:place] = rng.randbytes(rng.choice((1, 4, 100)))
                case "example":
                    data = bytearray((EXAMPLES / "chelsea.jpg").read_bytes())
                    for _ in range(20):
                        data[rng.randrange(len(data))] = rng.randrange(256)
            yield bytes(data)


def hostile_files(folder: Path, mark: Path, rng: random.Random) -> int:
    """Write foreign and hostile checkpoints below a folder; how many."""
    shipped = ROOT / "demo" / "lit_cnns_demo" / "checkpoints" / "lenet5_1998_mnist.ckpt"
    sound = shipped.read_bytes()
    contents = torch.load(shipped, weights_only=True)
    folder.mkdir()

    def saved(name: str, **changed: Any) -> None:
        torch.save({**contents, "lit_cnns": {**contents["lit_cnns"], **changed}}, folder / f"{name}.ckpt")

    (folder / "bare.ckpt").write_bytes(pickle.dumps(Executed(mark)))
    torch.save({"state_dict": {}, "lit_cnns": Executed(mark)}, folder / "inside.ckpt")
    torch.save({**contents, "callbacks": Executed(mark)}, folder / "beside.ckpt")
    torch.save({**contents, "hyper_parameters": {"_class_path": "os.system"}}, folder / "class_path.ckpt")
    saved("class", **{"class": "os.system"})
    saved("arguments", args={"num_classes": 10**12})
    saved("more_arguments", args={"variant": "x" * 10**6})
    saved("preprocessing", preprocessing={**contents["lit_cnns"]["preprocessing"], "crop": 10**9})
    saved("mean", preprocessing={**contents["lit_cnns"]["preprocessing"], "mean": ["a"], "std": [None]})
    saved("interpolation", preprocessing={**contents["lit_cnns"]["preprocessing"], "interpolation": {"a": 1}})
    saved("metrics", metrics={"test/top1": "<script>alert(1)</script>"})
    saved("names", class_names=["<img src=x onerror=alert(1)>"] * 10)
    saved("nested", data={"class": ["x"], "note": {"a": 1}, "untrained": "x"})
    with zipfile.ZipFile(folder / "bomb.ckpt", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(4):
            archive.writestr(f"archive/data/{number}", bytes(100_000_000))
        archive.writestr("archive/data.pkl", bytes(100_000_000))
    headers = [
        b'{"a":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}}',
        b"{",
        b"\xff" * 40,
        b"[]",
    ]
    headers += [b'{"__metadata__":{"lit_cnns":"[1"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}    ']
    for number, header in enumerate(headers):
        (folder / f"header{number}.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    (folder / "long.safetensors").write_bytes(struct.pack("<Q", 2**63) + b"{}")
    (folder / "folder.ckpt").mkdir()
    (folder / "nowhere.ckpt").symlink_to("/etc/does-not-exist")
    (folder / "passwd.ckpt").symlink_to("/etc/passwd")
    for number in range(60):
        data = bytearray(sound)
        if number % 2:
            data = data[: rng.randrange(len(data))]
        else:
            for _ in range(rng.choice((1, 10, 200))):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        (folder / f"broken{number}.ckpt").write_bytes(data)
    for path in folder.glob("*"):
        if path.is_file() and not path.is_symlink():
            os.utime(path, (0, 0))  # the lab gives a file that is written just now ten seconds
    return len([*folder.iterdir()])


class Attack:
    """Calls of one lab, with what they led to."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=f"{url}/gradio_api", timeout=120)
        self.outcomes: Counter[str] = Counter()
        self.unanswered: list[str] = []

    def upload(self, data: bytes, name: str) -> dict[str, Any] | None:
        """Upload a file; None where the lab refuses it."""
        answer = self.http.post("/upload", files={"files": (name, data)})
        self.outcomes[f"upload {answer.status_code}"] += 1
        if answer.status_code != 200:
            return None
        return {"path": answer.json()[0], "orig_name": name, "meta": {"_type": "gradio.FileData"}}

    def call(self, name: str, data: list[Any], what: str) -> None:
        """Call an endpoint; a result and a sentence are answers, nothing else is."""
        body = json.dumps({"data": data})
        begun = self.http.post(f"/call/{name}", content=body, headers={"Content-Type": "application/json"})
        if begun.status_code != 200:
            self._note(f"HTTP {begun.status_code}", begun.status_code < 500, f"{name} {what}: {begun.text[:200]}")
            return
        said = self.http.get(f"/call/{name}/{begun.json()['event_id']}").text
        told = said.partition("event: error\ndata: ")[2]
        self._note(
            "sentence" if told else "result",
            "event: complete" in said or (len(told) > 10 and "null" not in told[:6]),
            f"{name} {what}: {said[-300:]}",
        )

    def event(self, number: int, data: list[Any], what: str) -> None:
        """Send an event as the page does."""
        try:
            self._event(number, data, what)
        except httpx.ReadTimeout:
            self._note("late", False, f"event {number} {what}: nothing for long")

    def _event(self, number: int, data: list[Any], what: str) -> None:
        session = f"s{random.random()}"
        body = json.dumps({"data": data, "fn_index": number, "session_hash": session})
        begun = self.http.post("/queue/join", content=body, headers={"Content-Type": "application/json"})
        if begun.status_code != 200:
            self._note(
                f"HTTP {begun.status_code}", begun.status_code < 500, f"event {number} {what}: {begun.text[:200]}"
            )
            return
        with self.http.stream("GET", "/queue/data", params={"session_hash": session}) as stream:
            for line in stream.iter_lines():
                if '"process_completed"' in line:
                    told = json.loads(line.removeprefix("data: "))
                    good = told["success"] or bool((told["output"] or {}).get("error"))
                    kind = "result" if told["success"] else "sentence"
                    return self._note(kind, good, f"event {number} {what}: {line[:300]}")

    def _note(self, outcome: str, answered: bool, what: str) -> None:
        self.outcomes[outcome if answered else "no answer"] += 1
        if not answered:
            self.unanswered.append(what)


def attack(count: int, seed: int) -> str:
    """Send the inputs; what they led to, as Markdown."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        mark = Path(folder) / "executed"
        files = hostile_files(Path(folder) / "hostile", mark, rng)
        process, url = serve(folder)
        try:
            used = Attack(url)
            told = used.http.get("/info").json()["named_endpoints"]
            used.call("networks", [], "with hostile files")
            shown = {"networks": ["resnet20_cifar_cifar10"], "network": "resnet20_cifar_cifar10", "pictures": "digits"}
            hostile_networks(used)
            sent = files
            for name, endpoint in told.items():
                asked = [shown.get(one["parameter_name"], one["parameter_default"]) for one in endpoint["parameters"]]
                for place, _ in enumerate(asked):
                    for wrong in WRONG:
                        data = [*asked]
                        data[place] = wrong
                        used.call(name[1:], data, f"{place}={wrong!r:.50}")
                        sent += 1
            functions = httpx.get(f"{url}/config").json()["dependencies"]
            for function in (one for one in functions if one["backend_fn"] and one["queue"] is not False):
                for wrong in rng.sample(WRONG, 4):
                    used.event(function["id"], [wrong] * len(function["inputs"]), f"{wrong!r:.50}")
                    sent += 1
            stream, left = pictures(rng), max(count - sent, count // 3)
            for number in range(left):
                given = used.upload(next(stream), f"{number}.png")
                if given:
                    used.call("predict", [given, ["resnet20_cifar_cifar10"]], f"picture {number}")
                sent += 1
            used.call(
                "predict", [used.upload((EXAMPLES / "chelsea.jpg").read_bytes(), "a.jpg"), shown["networks"]], "end"
            )
            alive = process.poll() is None
        finally:
            process.terminate()
            process.wait()
        executed = mark.exists()
    led = ", ".join(f"{name}: {times}" for name, times in sorted(used.outcomes.items()))
    lines = [f"{sent:,} inputs, seed {seed}; {files} hostile files among the checkpoints.", f"What came back: {led}."]
    lines += [
        f"The lab {'answers still' if alive else 'HAS ENDED'}; {'SOMETHING' if executed else 'nothing'} was executed."
    ]
    return "\n".join([*lines, *(f"- NO ANSWER: {one}" for one in used.unanswered)])


def hostile_networks(used: Attack) -> None:
    """Ask every network on the shelf, the damaged ones that describe themselves well among them."""
    event = used.http.post("/call/networks", json={"data": []}).json()["event_id"]
    said = used.http.get(f"/call/networks/{event}").text
    ids = [one["id"] for one in json.loads(said.partition("event: complete\ndata: ")[2])[0]]
    picture = used.upload((EXAMPLES / "chelsea.jpg").read_bytes(), "chelsea.jpg")
    for one in ids:
        used.call("predict", [picture, [one]], f"network {one}")
        used.call("layers", [one], f"network {one}")
        used.call("kernels", [one, "network"], f"network {one}")


def main() -> None:
    """Run; the exit status says whether the lab stood."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    start = time.monotonic()
    told = attack(arguments.count, arguments.seed)
    print(told, f"\n{time.monotonic() - start:.0f} seconds.")
    raise SystemExit("NO ANSWER" in told or "HAS ENDED" in told or "SOMETHING" in told)


if __name__ == "__main__":
    main()
