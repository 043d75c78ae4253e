"""Reading photographs for training: `python benchmarks/loading.py FOLDER`, FOLDER with `train/CLASS/` of JPEG.

The photographs are enlarged to 500 pixels and encoded at quality 90, as large as ImageNet's on average. Each way reads
the same number of pictures in turn, on one thread, with no other process; what counts is CPU time, from the file to the
normalised batch of 32 at 224 pixels, mirrored at random: a patch of random area and shape (GoogLeNet), which is scaled,
or the shorter side at 256 and a random window (VGG, ResNet). The median of the turns is told.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is imported

import torch
import torchvision
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import transforms

import lit_cnns
from lit_cnns.cli import main as lit

BATCH, TURNS, BATCHES = 32, 9, 8
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def enlarged(folder: Path, out: Path) -> Path:
    """The photographs at the size that ImageNet's have."""
    for path in sorted((folder / "train").glob("*/*"))[::2]:
        target = out / "train" / path.parent.name / f"{path.stem}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as picture:
            picture.convert("RGB").resize((500, 400), Image.Resampling.BICUBIC).save(target, quality=90)
    return out


def forever(batches: Callable[[], Iterator]) -> Iterator:
    while True:
        yield from batches()


def torchvisions(root: Path, *crop: torch.nn.Module) -> Iterator:
    """As torchvision's reference script for classification reads: its dataset, its transforms, PIL."""
    steps = [*crop, transforms.RandomHorizontalFlip(), transforms.PILToTensor()]
    steps += [transforms.ConvertImageDtype(torch.float), transforms.Normalize(MEAN, STD)]
    data = torchvision.datasets.ImageFolder(str(root / "train"), transforms.Compose(steps))
    return forever(lambda: iter(DataLoader(data, BATCH, shuffle=True, drop_last=True)))


def ours(root: Path, **options: Any) -> Iterator:
    data = lit_cnns.ImageFolder(str(root), global_batch_size=BATCH, num_workers=0, val_fraction=0.1, **options)
    data.setup("fit")
    return forever(lambda: (data.prepare_batch(batch, train=True) for batch in data.train_dataloader()))


def milliseconds(batches: Iterator) -> float:
    start = time.process_time()
    for _ in range(BATCHES):
        next(batches)
    return 1000 * (time.process_time() - start) / (BATCH * BATCHES)


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        files = enlarged(folder, Path(scratch) / "files")
        for form in ("jpeg", "memmap"):
            lit(["data", "prepare", str(files), f"{scratch}/{form}", "--form", form])
        jpeg, pixels = Path(scratch) / "jpeg", Path(scratch) / "memmap"
        compare(
            "a patch of random area and shape",
            {
                "torchvision, PIL": torchvisions(files, transforms.RandomResizedCrop(224)),
                "lit-cnns": ours(files),
                "lit-cnns, decoder fast": ours(files, decoder="fast"),
                "prepared jpeg, decoder fast": ours(jpeg, decoder="fast"),
                "prepared memmap": ours(pixels),
            },
        )
        window = {"train_crop": "shorter_side", "train_resize": 256}
        compare(
            "a random window at shorter side 256",
            {
                "torchvision, PIL": torchvisions(files, transforms.Resize(256), transforms.RandomCrop(224)),
                "lit-cnns": ours(files, **window),
                "lit-cnns, decoder fast": ours(files, decoder="fast", **window),
                "prepared jpeg, decoder fast": ours(jpeg, decoder="fast", **window),
                "prepared memmap": ours(pixels, **window),
            },
        )
        for place in (files, jpeg, pixels):
            print(place.name, sum(f.stat().st_size for f in place.rglob("*") if f.is_file()) // 1000**2, "MB")


def compare(what: str, ways: dict[str, Iterator]) -> None:
    """Take turns and print the table."""
    for batches in ways.values():
        milliseconds(batches)
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(TURNS):
        for name, batches in ways.items():
            found[name].append(milliseconds(batches))
    first = median(found["torchvision, PIL"])
    print(f"\n| {what} | ms a picture | range | against torchvision |\n|---|--:|--:|--:|")
    for name, times in found.items():
        spread = f"{min(times):.2f} to {max(times):.2f}"
        print(f"| {name} | {median(times):.2f} | {spread} | {first / median(times):.1f} x |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
