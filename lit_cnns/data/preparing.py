"""Packing a folder of pictures at one size: in parts, over processes, and going on where it was cut."""

import hashlib
import io
import json
import os
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from multiprocessing import parent_process
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from lit_cnns.checkpoint_io import write_whole
from lit_cnns.data.files import Files
from lit_cnns.data.folder import ImageFolder
from lit_cnns.data.imagenet import DEVKIT, ImageNet
from lit_cnns.data.layout import Layout, is_picture
from lit_cnns.data.packing import DONE, Part, Recipe, note_of, pack
from lit_cnns.data.prepared import BEGUN, INDEX, MANIFEST, Manifest, checksum, manifest_of
from lit_cnns.data.randomness import order
from lit_cnns.data.storage import Storage, needs_litdata

LARGEST_PART = 8192  # pictures: with a thousand parts a process would hold too many files open


def read_folder(root: Path) -> ImageFolder:
    """`ImageNet` where a root has its lists of labels or names, or a flat `val/`; else `ImageFolder`."""
    told = any((root / name).exists() for name in ("LOC_synset_mapping.txt", "val_labels.txt", DEVKIT))
    val = root / "val"
    flat = val.is_dir() and any(entry.is_file() and is_picture(entry.name) for entry in os.scandir(val))
    return (ImageNet if told or flat else ImageFolder)(str(root))


def prepare_folder(root: Path, out: Path, recipe: Recipe, workers: int = 1, storage: Storage | None = None) -> Manifest:
    """Pack the pictures of a folder into `out`, which is whole when its manifest is written, last of all.

    Args:
        root: a folder as `ImageFolder` or `ImageNet` wants it.
        out: a new folder, or one where the same preparing was cut.
        recipe: what becomes of each picture.
        workers: processes.
        storage: where each part goes as soon as it is made; `out` then holds no more than is being made, and in the
            end nothing.

    Raises:
        StorageError: the storage cannot be reached or refuses.
        ValueError: arguments out of range, a picture that cannot be read, an `out` that holds anything else or has no
            room, or a process that was killed.
    """
    _check(recipe, root, out, storage)
    source = read_folder(root)
    manifest, splits = describe(source, recipe)
    size = _begin(out, recipe, splits, workers)
    parts = [part for split, (paths, labels) in splits.items() for part in _parts(split, paths, labels, size)]
    left = [part for part in parts if not note_of(out, part).exists()]
    total = sum(len(part.paths) for part in parts)
    with tqdm(desc="Preparing", total=total, unit=" pictures", smoothing=0) as bar:
        bar.update(total - sum(len(part.paths) for part in left))
        try:
            for part in _packed(out, left, recipe, workers, storage):
                bar.update(len(part.paths))
            _finish(out, manifest, splits, parts, storage)
        except OSError as error:
            raise ValueError(
                f"{error.filename or out} cannot be used: {error.strerror}. When it can, the same command goes on."
            ) from None
        except BrokenProcessPool:
            raise ValueError(
                "A process that prepares pictures was killed, as the system does where memory is short: the same "
                "command goes on; give it fewer --workers."
            ) from None
    return manifest


def _check(recipe: Recipe, root: Path, out: Path, storage: Storage | None) -> None:
    if recipe.side < 1 or not 1 <= recipe.quality <= 95:
        raise ValueError(f"side is 1 or more pixels and quality 1 to 95, not {recipe.side} and {recipe.quality}.")
    if recipe.chunk < 1:
        raise ValueError(f"A chunk has 1 or more pictures, not {recipe.chunk}.")
    if storage and recipe.form != "chunks":
        raise ValueError(f"{storage.url} is streamed from, in chunks: add --form chunks.")
    if recipe.form == "chunks":
        needs_litdata("--form chunks")
    if storage and storage.has(MANIFEST):
        raise ValueError(f"{storage.url} is prepared already; give another folder, or delete it.")
    if (out / MANIFEST).is_file() and not storage:
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
            numbers = torch.arange(len(stock))
            if recipe.form == "chunks" and split == "train":  # else a chunk would be of one class
                numbers = order(0, 0, len(stock))
            splits[split] = ([stock.name(number) for number in numbers.tolist()], labels[numbers].tolist())
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
    size = recipe.chunk if recipe.form == "chunks" else min(LARGEST_PART, -(-most // (4 * workers)))
    (out / DONE).mkdir(parents=True)
    write_whole(json.dumps({"plan": plan, "part": size}).encode(), path)
    return size


def _parts(split: str, paths: list[str], labels: list[int], size: int) -> Iterator[Part]:
    for number, first in enumerate(range(0, len(paths), size)):
        yield Part(split, number, first, paths[first : first + size], labels[first : first + size])


def _packed(out: Path, parts: list[Part], recipe: Recipe, workers: int, storage: Storage | None) -> Iterator[Part]:
    if workers <= 1:
        for part in parts:
            pack(out, part, recipe, storage)
            yield part
        return
    with ProcessPoolExecutor(workers, initializer=_end_with_parent) as pool:
        futures = [pool.submit(pack, out, part, recipe, storage) for part in parts]
        try:
            for part, future in zip(parts, futures, strict=True):
                future.result()
                yield part
        finally:
            pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """Have a worker end by Ctrl-C at once, and when the process that gives it work is no more."""

    def wait() -> None:
        parent = parent_process()
        assert parent is not None
        parent.join()
        os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    Thread(target=wait, daemon=True).start()


def _finish(
    out: Path,
    manifest: Manifest,
    splits: dict[str, tuple[list[str], list[int]]],
    parts: list[Part],
    storage: Storage | None,
) -> None:
    """Indices, names, and last the manifest, by which the folder is whole."""
    done = [json.loads(note_of(out, part).read_text()) for part in parts]
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
        described = ["index.npy", "names.json"]
        if manifest.form == "chunks":
            write_whole(json.dumps(_for_litdata(notes)).encode(), out / split / "index.json")
            described.append("index.json")
        for name in described:
            file = out / split / name
            manifest.files[f"{split}/{name}"] = (file.stat().st_size, checksum(file))
            if storage:
                storage.write(file, f"{split}/{name}")
    manifest.source_bytes = sum(note["source"] for note in done)
    manifest.write(out / MANIFEST)
    if storage:
        storage.write(out / MANIFEST, MANIFEST)
        shutil.rmtree(out)
        return
    (out / BEGUN).unlink()
    shutil.rmtree(out / DONE)


def _for_litdata(notes: list[dict[str, Any]]) -> dict[str, Any]:
    """What `litdata.StreamingDataset` wants to know of a split."""
    kept = [note for note in notes if note["rows"]]
    chunks = [
        {
            "chunk_bytes": note["bytes"],
            "chunk_size": len(note["rows"]),
            "dim": None,
            "filename": note["file"].partition("/")[2],
        }
        for note in kept
    ]
    return {"chunks": chunks, "config": kept[0]["config"]}
