"""What is sent to the lab to break it: pictures, values, presses, addresses, names, and files among the checkpoints."""

import io
import os
import pickle
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from PIL import Image

LAB = Path(__file__).parent.parent / "demo" / "lit_cnns_demo"
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
PRESSES: tuple[Any, ...] = (
    None,
    [],
    "x",
    1,
    {},
    {"index": None, "value": None},
    {"index": [1], "value": 1},
    {"index": ["a", {}], "value": 1},
    {"index": [1e308, -1e308], "value": 1},
    {"key": {"a": 1}},
    {"key": "x" * 1_000_000},
    {"made_with": [1]},
    {"gallery": "/etc/passwd", "picture": 0},
    {"gallery": "digits", "picture": -1},
    {"gallery": "digits", "picture": 10**30},
    {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
)
SECRET = "/etc/passwd"
ADDRESSES = (
    f"gradio_api/file={SECRET}",
    f"gradio_api/file=../../../../../..{SECRET}",
    "gradio_api/file=%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    f"gradio_api/file=//{SECRET}",
    "gradio_api/file=/proc/self/environ",
    "gradio_api/file=/proc/self/root/etc/passwd",
    "gradio_api/file=http://127.0.0.1:1/a.png",
    "gradio_api/file=file:///etc/passwd",
    "gradio_api/file=%00",
    "gradio_api/file=" + "a/" * 2000,
    "gradio_api/stream/x/y/z/../../../../etc/passwd",
    "static/../../../../../../etc/passwd",
    "static/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "assets/..%2f..%2f..%2f..%2f..%2fetc/passwd",
    "custom_component/x/../../../../etc/passwd",
    "theme.css/../../etc/passwd",
    "gradio_api/proxy=http://127.0.0.1:1/",
    "gradio_api/call/predict/../../../etc/passwd",
    "monitoring",
)
UPLOAD_NAMES = (
    "../../escaped.png",
    "/tmp/escaped.png",
    "..\\..\\escaped.png",
    "a/../../escaped.png",
    "\0.png",
    ".",
    "",
    "x" * 4000,
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
                    data = bytearray((LAB / "examples" / "chelsea.jpg").read_bytes())
                    for _ in range(20):
                        data[rng.randrange(len(data))] = rng.randrange(256)
            yield bytes(data)


def hostile_files(folder: Path, mark: Path, rng: random.Random, broken: int = 60, bomb: int = 100_000_000) -> int:
    """Write foreign and hostile checkpoints below a folder; how many.

    Args:
        folder: made here.
        mark: the file that is there afterwards if anything of them was executed.
        rng: what breaks a sound one.
        broken: how many sound ones are cut or have bits flipped.
        bomb: bytes that each part of a file of five parts grows to when it is unpacked.
    """
    shipped = LAB / "checkpoints" / "lenet5_1998_mnist.ckpt"
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
            archive.writestr(f"archive/data/{number}", bytes(bomb))
        archive.writestr("archive/data.pkl", bytes(bomb))
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
    for number in range(broken):
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
