"""A prepared set: its pictures at one size, packed into a few large files, with an index and checksums.

`OUT/manifest.json` says what it is; `OUT/SPLIT/` holds `index.npy` (a row of `INDEX` for each picture), `names.json`
and the parts `00000.bin` ...: JPEG files, or bare pixels (channels, height, width), one behind the other; or chunks of
litdata, which hold JPEG files and labels, with litdata's own `index.json` beside them.
"""

import functools
import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lit_cnns.checkpoint_io import write_whole
from lit_cnns.data.decoding import Decode, Shrink

MANIFEST, BEGUN = "manifest.json", "begun.json"
FORMS = ("jpeg", "memmap", "chunks")
COLUMNS = ("number", "label", "part", "start", "bytes", "channels", "height", "width")  # number: of its name
INDEX = np.dtype([(column, "<i8") for column in COLUMNS])
AGAIN = "lit-cnns data prepare"


@dataclass
class Manifest:
    """What a prepared folder says of itself.

    Args:
        form: jpeg, memmap or chunks.
        side: the longest that the shorter side of a picture is.
        quality: of the JPEG files; 0 where there are none.
        interpolation: by which the pictures were scaled.
        classes: names of the class folders, in the order of the labels.
        words: what class folders' names stand for (ImageNet's WNIDs).
        files: every file of the folder with its bytes and SHA-256.
        counts: pictures a split.
        unread: pictures a split that were left out, because they could not be read.
        source_bytes: of the files the pictures came from.
        format: of this description.
    """

    form: str
    side: int
    quality: int
    interpolation: str
    classes: list[str]
    words: dict[str, str] = field(default_factory=dict)
    files: dict[str, tuple[int, str]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    unread: dict[str, int] = field(default_factory=dict)
    source_bytes: int = 0
    format: int = 1

    @classmethod
    def parse(cls, text: str, where: str) -> "Manifest":
        """A manifest from its JSON.

        Raises:
            ValueError: it is damaged, or of another format.
        """
        try:
            manifest = cls(**json.loads(text))
        except (json.JSONDecodeError, TypeError) as error:
            raise ValueError(f"{where} is damaged ({error}): prepare the folder anew by `{AGAIN}`.") from error
        if manifest.format != 1 or manifest.form not in FORMS:
            raise ValueError(f"{where} is of a later version of lit-cnns: update it, or prepare the folder anew.")
        return manifest

    def write(self, path: Path) -> None:
        """Write it whole or not at all."""
        write_whole(json.dumps(asdict(self), indent=1).encode(), path)


def manifest_of(root: Path) -> Manifest | None:
    """The manifest of a prepared folder, None for any other.

    Raises:
        ValueError: the folder is half prepared or damaged: a file is missing or has another size than it had.
    """
    path = root / MANIFEST
    if not path.is_file():
        if (root / BEGUN).is_file():
            raise ValueError(f"{root} is half prepared: the same `{AGAIN}` as before goes on with it.")
        return None
    manifest = Manifest.parse(path.read_text(encoding="utf-8"), str(path))
    for name, (size, _) in manifest.files.items():
        file = root / name
        if not file.is_file() or file.stat().st_size != size:
            found = f"has {file.stat().st_size:,}" if file.is_file() else "is not there, of"
            raise ValueError(f"{root} is damaged: {name} {found} of {size:,} bytes. Prepare it anew by `{AGAIN}`.")
    return manifest


class Packed:
    """The pictures of one split of a prepared folder."""

    def __init__(self, folder: Path, index: np.ndarray, pixels: bool) -> None:
        self.folder, self.index, self.pixels = folder, index, pixels
        self._parts: dict[int, np.ndarray] = {}

    @classmethod
    def open(cls, folder: Path, pixels: bool) -> tuple["Packed", Tensor]:
        """The pictures and their labels."""
        index = np.load(folder / "index.npy", allow_pickle=False)
        return cls(folder, index, pixels), torch.from_numpy(index["label"].copy())

    def __len__(self) -> int:
        return len(self.index)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_parts": {}}  # a worker opens the files anew

    @functools.cached_property
    def names(self) -> list[str]:
        """What the pictures were called, below the folder they were prepared from."""
        return json.loads((self.folder / "names.json").read_text())

    def name(self, index: int) -> str:
        """What a picture was called, below the folder it was prepared from."""
        return self.names[self.index["number"][index]]

    def picture(self, index: int, decode: Decode, shrink: Shrink | None = None) -> Tensor:
        """One picture, uint8 (C, H, W); ImageError if it cannot be read."""
        row = self.index[index]
        record = self._part(int(row["part"]))[row["start"] : row["start"] + row["bytes"]]
        if self.pixels:
            return torch.from_numpy(record.reshape(row["channels"], row["height"], row["width"]))
        return decode(record.tobytes(), self.name(index), shrink)

    def _part(self, number: int) -> np.ndarray:
        if number not in self._parts:
            # copy on write: torch wants memory it may write to, and the file stays as it is
            self._parts[number] = np.asarray(np.memmap(self.folder / f"{number:05}.bin", np.uint8, mode="c"))
        return self._parts[number]

    @functools.cached_property
    def parts(self) -> Tensor:
        """The number of each picture's part, (N,)."""
        return torch.from_numpy(self.index["part"].copy())

    def subset(self, indices: Tensor) -> "Packed":
        """Some of the pictures, renumbered."""
        return Packed(self.folder, self.index[indices.numpy()], self.pixels)


def checksum(path: Path) -> str:
    """SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
