"""Packing a folder of pictures at one size: in parts, over processes, and going on where it was cut."""

import hashlib
import io
import json
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from lit_cnns.checkpoint_io import write_whole
from lit_cnns.data.decoding import is_turned
from lit_cnns.data.files import Files
from lit_cnns.data.folder import ImageFolder
from lit_cnns.data.imagenet import DEVKIT, ImageNet
from lit_cnns.data.layout import Layout, is_picture
from lit_cnns.data.pictures import ImageError, bytes_of, read_image, resize_shorter
from lit_cnns.data.prepared import BEGUN, INDEX, MANIFEST, Manifest, checksum, manifest_of

LARGEST_PART = 8192  # pictures: with a thousand parts a process would hold too many files open
_DONE = ".done"  # folder of what is known of each finished part until all are


def read_folder(root: Path) -> ImageFolder:
    """`ImageNet` where a root has its lists of labels or names, or a flat `val/`; else `ImageFolder`."""
    told = any((root / name).exists() for name in ("LOC_synset_mapping.txt", "val_labels.txt", DEVKIT))
    val = root / "val"
    flat = val.is_dir() and any(entry.is_file() and is_picture(entry.name) for entry in os.scandir(val))
    return (ImageNet if told or flat else ImageFolder)(str(root))


@dataclass(frozen=True)
class Recipe:
    """What becomes of each picture.

    Args:
        form: jpeg (encoded anew) or memmap (bare pixels).
        side: a longer shorter side is scaled to it; smaller pictures stay as they are.
        quality: of JPEG, 1 to 95; a JPEG file that is not scaled is kept as it is.
        interpolation: bilinear, bicubic or nearest.
        skip_broken: leave out pictures that cannot be read; otherwise they are an error.
    """

    form: str = "jpeg"
    side: int = 256
    quality: int = 90
    interpolation: str = "bilinear"
    skip_broken: bool = False

    def record(self, path: str) -> tuple[bytes, tuple[int, ...]]:
        """The bytes that stand for a picture, and its channels, height and width."""
        data = bytes_of(Path(path))
        image = read_image(data, path)
        if min(image.shape[1:]) > self.side:
            image = resize_shorter(image, self.side, self.interpolation)
        elif self.form == "jpeg" and data[:2] == b"\xff\xd8" and not is_turned(data):
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


def pack(out: Path, part: Part, recipe: Recipe) -> dict[str, Any]:
    """Write one part under a temporary name, rename it, and note what it holds.

    Raises:
        ImageError: a picture cannot be read and may not be left out.
    """
    torch.set_num_threads(1)
    name = f"{part.split}/{part.number:05}.bin"
    temporary = out / f"{name}.{os.getpid()}.part"
    temporary.parent.mkdir(exist_ok=True)
    digest, rows, start, source = hashlib.sha256(), [], 0, 0
    with open(temporary, "wb") as file:
        for offset, (path, label) in enumerate(zip(part.paths, part.labels, strict=True)):
            try:
                data, shape = recipe.record(path)
            except ImageError:
                if not recipe.skip_broken:
                    raise
                continue
            rows.append([part.first + offset, label, part.number, start, len(data), *shape])
            file.write(data)
            digest.update(data)
            start, source = start + len(data), source + os.path.getsize(path)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(out / name)
    done = {"file": name, "bytes": start, "sha256": digest.hexdigest(), "rows": rows, "source": source}
    write_whole(json.dumps(done).encode(), _note(out, part))
    return done


def _note(out: Path, part: Part) -> Path:
    return out / _DONE / f"{part.split}-{part.number:05}.json"


def prepare_folder(root: Path, out: Path, recipe: Recipe, workers: int = 1) -> Manifest:
    """Pack the pictures of a folder into `out`, which is whole when its manifest is written, last of all.

    Args:
        root: a folder as `ImageFolder` or `ImageNet` wants it.
        out: a new folder, or one where the same preparing was cut.
        recipe: what becomes of each picture.
        workers: processes.

    Raises:
        ValueError: arguments out of range, a picture that cannot be read, or an `out` that holds anything else.
    """
    _check(recipe, root, out)
    source = read_folder(root)
    manifest, splits = describe(source, recipe)
    size = _begin(out, recipe, splits, workers)
    parts = [part for split, (paths, labels) in splits.items() for part in _parts(split, paths, labels, size)]
    left = [part for part in parts if not _note(out, part).exists()]
    total = sum(len(part.paths) for part in parts)
    with tqdm(desc="Preparing", total=total, unit=" pictures", smoothing=0) as bar:
        bar.update(total - sum(len(part.paths) for part in left))
        for part in _packed(out, left, recipe, workers):
            bar.update(len(part.paths))
    _finish(out, manifest, splits, parts)
    return manifest


def _check(recipe: Recipe, root: Path, out: Path) -> None:
    if recipe.side < 1 or not 1 <= recipe.quality <= 95:
        raise ValueError(f"side is 1 or more pixels and quality 1 to 95, not {recipe.side} and {recipe.quality}.")
    if (out / MANIFEST).is_file():
        raise ValueError(f"{out} is prepared already; give another folder, or delete it.")
    if manifest_of(root):
        raise ValueError(f"{root} is a prepared folder itself: prepare from the original pictures.")
    if out.resolve().is_relative_to(root.resolve()):
        raise ValueError(f"{out} lies within {root}: its files would be taken for pictures. Give a folder outside.")


def describe(source: ImageFolder, recipe: Recipe) -> tuple[Manifest, dict[str, tuple[list[str], list[int]]]]:
    """The manifest as far as it is known before, and the files and labels of each split."""
    layout: Layout = source.layout
    splits = {}
    for split, folder in (("train", layout.train), ("val", layout.val), ("test", layout.test)):
        if folder is not None:
            stock, labels = source.list_folder(folder)
            assert isinstance(stock, Files)
            splits[split] = ([stock.name(index) for index in range(len(stock))], labels.tolist())
    words = source.class_names_by_wnid if isinstance(source, ImageNet) else {}
    words = {name: words[name] for name in source.classes if name in words}
    quality = 0 if recipe.form == "memmap" else recipe.quality
    return Manifest(recipe.form, recipe.side, quality, recipe.interpolation, source.classes, words), splits


def _begin(out: Path, recipe: Recipe, splits: dict[str, tuple[list[str], list[int]]], workers: int) -> int:
    """Note what is begun, or see that it is the same that was begun before; pictures a part."""
    plan = hashlib.sha256(json.dumps([asdict(recipe), splits]).encode()).hexdigest()
    path = out / BEGUN
    if path.is_file():
        begun = json.loads(path.read_text())
        if begun["plan"] != plan:
            raise ValueError(f"{out} was begun with other options or pictures: go on with those, or delete it.")
        for leftover in out.glob("*/*.part"):
            leftover.unlink()
        return begun["part"]
    if out.exists() and any(out.iterdir()):
        raise ValueError(f"{out} is not empty: give a new folder.")
    most = max(len(paths) for paths, _ in splits.values())
    size = min(LARGEST_PART, -(-most // (4 * workers)))
    write_whole(json.dumps({"plan": plan, "part": size}).encode(), path)
    return size


def _parts(split: str, paths: list[str], labels: list[int], size: int) -> Iterator[Part]:
    for number, first in enumerate(range(0, len(paths), size)):
        yield Part(split, number, first, paths[first : first + size], labels[first : first + size])


def _packed(out: Path, parts: list[Part], recipe: Recipe, workers: int) -> Iterator[Part]:
    if workers <= 1:
        for part in parts:
            pack(out, part, recipe)
            yield part
        return
    with ProcessPoolExecutor(workers) as pool:
        futures = [pool.submit(pack, out, part, recipe) for part in parts]
        try:
            for part, future in zip(parts, futures, strict=True):
                future.result()
                yield part
        finally:
            pool.shutdown(cancel_futures=True)


def _finish(out: Path, manifest: Manifest, splits: dict[str, tuple[list[str], list[int]]], parts: list[Part]) -> None:
    """Indices, names, and last the manifest, by which the folder is whole."""
    done = [json.loads(_note(out, part).read_text()) for part in parts]
    for split, (paths, _) in splits.items():
        notes = [note for part, note in zip(parts, done, strict=True) if part.split == split]
        rows = [tuple(row) for note in notes for row in note["rows"]]
        index = io.BytesIO()
        np.save(index, np.array(rows, INDEX), allow_pickle=False)
        write_whole(index.getvalue(), out / split / "index.npy")
        root = os.path.commonpath([os.path.dirname(path) for path in paths])
        names = [os.path.relpath(path, root) for path in paths]
        write_whole(json.dumps(names).encode(), out / split / "names.json")
        manifest.counts[split] = len(rows)
        manifest.unread[split] = len(paths) - len(rows)
        manifest.files |= {note["file"]: (note["bytes"], note["sha256"]) for note in notes}
        for name in ("index.npy", "names.json"):
            file = out / split / name
            manifest.files[f"{split}/{name}"] = (file.stat().st_size, checksum(file))
    manifest.source_bytes = sum(note["source"] for note in done)
    manifest.write(out / MANIFEST)
    (out / BEGUN).unlink()
    shutil.rmtree(out / _DONE)
