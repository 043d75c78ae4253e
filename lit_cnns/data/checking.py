"""What is wrong, and what is odd, in a folder of pictures, before it is trained on."""

import hashlib
import io
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import NamedTuple

from PIL import Image

from lit_cnns.data.files import Files
from lit_cnns.data.layout import class_folders
from lit_cnns.data.pictures import ImageError, bytes_of, read_image
from lit_cnns.data.prepared import Manifest, checksum, manifest_of
from lit_cnns.data.preparing import read_folder

UNEVEN = 10  # times as many pictures in the largest class as in the smallest are worth a word
TINY = 32  # pixels of a shorter side that are odd in a folder of photographs
_SHOWN = 5


class Finding(NamedTuple):
    """One line: `ok`, `note` (odd) or `bad` (training would stop, or count wrongly)."""

    level: str
    what: str


class Seen(NamedTuple):
    """What was seen of one file."""

    path: str
    error: str | None
    mode: str
    size: tuple[int, int]
    bytes: int
    digest: str


def check_folder(root: Path, workers: int = 1) -> Iterator[Finding]:
    """Look at every picture below a folder, or at every byte of a prepared one.

    Raises:
        ValueError: a layout that cannot be read at all.
    """
    if manifest := manifest_of(root):
        yield from _prepared(root, manifest)
        return
    source, seen = read_folder(root), {}
    layout = source.layout
    if len(source.classes) == 1:
        yield Finding("note", f"one class only, {source.classes[0]}: whatever a network answers is right")
    else:
        yield Finding("ok", f"{type(source).__name__}: {len(source.classes):,} classes")
    for split, folder in (("train", layout.train), ("val", layout.val), ("test", layout.test)):
        if folder is None:
            continue
        yield from _foreign_classes(split, folder, layout.train)
        try:
            stock, labels = source.list_folder(folder)
        except ValueError as error:
            yield Finding("bad", str(error))
            continue
        assert isinstance(stock, Files)
        counts = Counter(source.classes[label] for label in labels.tolist())
        yield from _balance(split, counts)
        with ThreadPoolExecutor(workers) as pool:
            seen[split] = list(pool.map(look, (stock.name(index) for index in range(len(stock)))))
        yield from _odd(split, seen[split])
    yield from _twice(seen)


def look(path: str) -> Seen:
    """Decode one picture."""
    try:
        data = bytes_of(Path(path))
        read_image(data, path)
        with Image.open(io.BytesIO(data)) as picture:
            mode, size = picture.mode, picture.size
    except ImageError as error:
        return Seen(path, str(error), "", (0, 0), 0, "")
    return Seen(path, None, mode, size, len(data), hashlib.sha256(data).hexdigest())


def _foreign_classes(split: str, folder: Path, train: Path | None) -> Iterator[Finding]:
    """Classes that training has and another split lacks; the opposite is refused when it is listed."""
    if split == "train" or train is None or not any(entry.is_dir() for entry in folder.iterdir()):
        return
    if missing := sorted(set(class_folders(train)) - set(class_folders(folder))):
        yield Finding("note", f"{split}: no folder for {_some(missing)}, which train/ has")


def _balance(split: str, counts: Counter[str]) -> Iterator[Finding]:
    (most, many), (fewest, few) = counts.most_common()[0], counts.most_common()[-1]
    spread = f"{few:,} ({fewest}) to {many:,} ({most}) a class" if few < many else f"{few:,} a class"
    level = "note" if many > UNEVEN * few else "ok"
    yield Finding(level, f"{split}: {sum(counts.values()):,} pictures, {spread}")


def _odd(split: str, seen: list[Seen]) -> Iterator[Finding]:
    for one in seen:
        if one.error:
            yield Finding("bad", f"{split}: {one.error}")
    good = [one for one in seen if not one.error]
    if not good:
        return
    shorter = sorted(min(one.size) for one in good)
    size = sum(one.bytes for one in good)
    yield Finding(
        "ok",
        f"{split}: shorter sides {shorter[0]} to {shorter[-1]} pixels, median {median(shorter):g}; "
        f"{size / 1e6:,.1f} MB, {size / len(good) / 1e3:,.0f} kB a picture",
    )
    if tiny := [one.path for one in good if min(one.size) < TINY <= median(shorter)]:
        yield Finding("note", f"{split}: {len(tiny)} pictures are smaller than {TINY} pixels: {_some(tiny)}")
    modes = Counter(one.mode for one in good)
    if odd := [f"{count:,} {mode}" for mode, count in modes.most_common() if mode not in ("RGB", "L")]:
        yield Finding("note", f"{split}: {', '.join(odd)} pictures are read as RGB or grey")


def _twice(seen: dict[str, list[Seen]]) -> Iterator[Finding]:
    """Equal files in two splits, or twice in one."""
    places: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for split, files in seen.items():
        for one in files:
            if not one.error:
                places[one.digest].append((split, one.path))
    repeated = [found for found in places.values() if len(found) > 1]
    across = [found for found in repeated if len({split for split, _ in found}) > 1]
    if across:
        shown = _some([" = ".join(path for _, path in found) for found in across])
        yield Finding("bad", f"{len(across):,} pictures are both in train and in what it is tested on: {shown}")
    if within := len(repeated) - len(across):
        yield Finding("note", f"{within:,} pictures lie twice in a split")


def _prepared(root: Path, manifest: Manifest) -> Iterator[Finding]:
    counts = ", ".join(f"{count:,} {split}" for split, count in manifest.counts.items())
    yield Finding("ok", f"prepared as {manifest.form} at side {manifest.side}: {counts} pictures")
    for name, (_, digest) in manifest.files.items():
        if checksum(root / name) != digest:
            yield Finding("bad", f"{root / name} is not what was written: prepare the folder anew")
    if unread := {split: count for split, count in manifest.unread.items() if count}:
        yield Finding("note", f"left out, because they could not be read: {unread}")


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")
