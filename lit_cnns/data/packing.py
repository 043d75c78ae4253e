"""One part of a prepared set: its pictures decoded, scaled, encoded and written into one file."""

import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from lit_cnns.checkpoint_io import write_whole
from lit_cnns.data.decoding import is_turned
from lit_cnns.data.pictures import ImageError, bytes_of, read_image, resize_shorter
from lit_cnns.data.prepared import checksum
from lit_cnns.data.storage import Storage

DONE = ".done"  # folder of what is known of each finished part until all are
Records = Iterator[tuple[bytes, int]]  # a picture's bytes and its label
LARGEST_CHUNK = 1 << 31  # bytes of pictures: litdata counts them in 32 bits
_SIZES = 2 * 4  # bytes at the head of a picture of a litdata chunk: how long its bytes and its label are


@dataclass(frozen=True)
class Recipe:
    """What becomes of each picture.

    Args:
        form: jpeg (encoded anew), memmap (bare pixels), or chunks (JPEG in chunks of litdata, training pictures mixed).
        side: a longer shorter side is scaled to it; smaller pictures stay as they are.
        quality: of JPEG, 1 to 95; a JPEG file that is not scaled is kept as it is.
        interpolation: bilinear, bicubic or nearest.
        skip_broken: leave out pictures that cannot be read; otherwise they are an error.
        chunk: pictures a chunk.
    """

    form: str = "jpeg"
    side: int = 256
    quality: int = 90
    interpolation: str = "bilinear"
    skip_broken: bool = False
    chunk: int = 1024

    def record(self, path: str) -> tuple[bytes, tuple[int, ...]]:
        """The bytes that stand for a picture, and its channels, height and width."""
        data = bytes_of(Path(path))
        image = read_image(data, path)
        if min(image.shape[1:]) > self.side:
            image = resize_shorter(image, self.side, self.interpolation)
        elif self.form != "memmap" and data[:2] == b"\xff\xd8" and not is_turned(data):
            return data, tuple(image.shape)
        return (image.contiguous().numpy().tobytes() if self.form == "memmap" else self.encode(image)), tuple(
            image.shape
        )

    def encode(self, image: Tensor) -> bytes:
        """A picture as a JPEG file."""
        pixels = image.permute(1, 2, 0).numpy()
        file = io.BytesIO()
        Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(file, "JPEG", quality=self.quality)
        return file.getvalue()


class Part(NamedTuple):
    """Some pictures of a split that are packed by one process into one file."""

    split: str
    number: int
    first: int  # number of its first picture
    paths: list[str]
    labels: list[int]


def pack(out: Path, part: Part, recipe: Recipe, storage: Storage | None = None) -> dict[str, Any]:
    """Write one part under a temporary name, rename it or send it away, and note what it holds.

    Raises:
        ImageError: a picture cannot be read and may not be left out.
        StorageError: the part cannot be sent.
        ValueError: the pictures of a chunk are more than fit into one.
    """
    torch.set_num_threads(1)
    name = f"{part.split}/{part.number:05}.bin"
    temporary = out / f"{name}.{os.getpid()}.part"
    temporary.parent.mkdir(exist_ok=True)
    rows: list[list[int]] = []
    write = _write_chunk if recipe.form == "chunks" else _write_records
    try:
        starts, config = write(temporary, _records(part, recipe, rows))
        done = {
            "file": name,
            "bytes": temporary.stat().st_size,
            "sha256": checksum(temporary),
            "rows": [[*row[:2], part.number, start, *row[2:]] for row, start in zip(rows, starts, strict=True)],
            "source": sum(os.path.getsize(part.paths[row[0] - part.first]) for row in rows),
            "config": config,
        }
        if storage:
            storage.write(temporary, name)
        else:
            temporary.replace(out / name)
    finally:
        temporary.unlink(missing_ok=True)
    write_whole(json.dumps(done).encode(), note_of(out, part))
    return done


def note_of(out: Path, part: Part) -> Path:
    """Where it stands that a part is done."""
    return out / DONE / f"{part.split}-{part.number:05}.json"


def _records(part: Part, recipe: Recipe, rows: list[list[int]]) -> Records:
    """The pictures of a part; `rows` gets number, label, bytes and shape of each."""
    for offset, (path, label) in enumerate(zip(part.paths, part.labels, strict=True)):
        try:
            data, shape = recipe.record(path)
        except ImageError:
            if not recipe.skip_broken:
                raise
            continue
        rows.append([part.first + offset, label, len(data), *shape])
        yield data, label


def _write_records(path: Path, records: Records) -> tuple[list[int], None]:
    """One picture behind the other; where each starts."""
    starts = []
    with open(path, "wb") as file:
        for data, _ in records:
            starts.append(file.tell())
            file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return starts, None


def _write_chunk(path: Path, records: Records) -> tuple[list[int], dict[str, Any] | None]:
    """A chunk as litdata writes it; where the bytes of each picture start in it, and litdata's account of it."""
    from litdata.streaming.writer import BinaryWriter

    with TemporaryDirectory(dir=path.parent.parent / DONE) as folder:
        count, size = 0, 0
        writer = BinaryWriter(folder, chunk_size=1 << 31)
        for record in records:
            size += len(record[0])
            if size > LARGEST_CHUNK:
                raise ValueError(
                    f"A chunk has up to {LARGEST_CHUNK:,} bytes, which {count:,} of these pictures fill: choose a "
                    "smaller --chunk."
                )
            writer[count] = record
            count += 1
        if not count:
            path.touch()
            return [], None
        writer.done()
        index = json.loads(next(Path(folder).glob("*index.json")).read_text())
        os.replace(Path(folder) / index["chunks"][0]["filename"], path)
    # a chunk is: how many, where each starts and the last ends, and the pictures
    starts = np.fromfile(path, "<u4", count, offset=4).astype(int) + _SIZES
    return starts.tolist(), index["config"]
