"""Reading photographs for training: `python benchmarks/loading.py FOLDER`, FOLDER with `train/CLASS/` of JPEG.

The photographs are enlarged to 500 pixels and encoded at quality 90, as large as ImageNet's on average. Each way is a
process of its own on one thread, which reads the same number of pictures in turn; ours keeps the memory it frees, as
`lit-cnns` does. What counts is CPU time, from the file to the normalised batch of 32 at 224 pixels, mirrored at random:
a patch of random area and shape (GoogLeNet), which is scaled, or the shorter side at 256 and a random window (VGG,
ResNet). The median of the turns is told.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch
import torchvision
from contestants import MEAN, STD, Case, Tick, forever
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import transforms
from training import machine, race  # first: it sets the threads

import lit_cnns
from lit_cnns.cli import main as lit
from lit_cnns.fast import keep_memory

BATCH, TURNS, BATCHES = 32, 9, 8
Loop = Callable[[Case, Tick], None]


def enlarged(folder: Path, out: Path) -> Path:
    """The photographs at the size that ImageNet's have."""
    for path in sorted((folder / "train").glob("*/*"))[::2]:
        target = out / "train" / path.parent.name / f"{path.stem}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as picture:
            picture.convert("RGB").resize((500, 400), Image.Resampling.BICUBIC).save(target, quality=90)
    return out


def torchvisions(root: Path, *crop: torch.nn.Module) -> Loop:
    """As torchvision's reference script for classification reads: its dataset, its transforms, PIL."""
    steps = [*crop, transforms.RandomHorizontalFlip(), transforms.PILToTensor()]
    steps += [transforms.ConvertImageDtype(torch.float), transforms.Normalize(MEAN, STD)]

    def loop(case: Case, tick: Tick) -> None:
        data = torchvision.datasets.ImageFolder(str(root / "train"), transforms.Compose(steps))
        for _ in forever(DataLoader(data, BATCH, shuffle=True, drop_last=True)):
            tick()

    return loop


def ours(root: Path, normalised: bool = True, **options: Any) -> Loop:
    """As ours reads; not `normalised`, the batch stays bytes, as the loader of a run on a GPU has it."""

    def loop(case: Case, tick: Tick) -> None:
        keep_memory()
        data = lit_cnns.ImageFolder(str(root), global_batch_size=BATCH, num_workers=0, val_fraction=0.1, **options)
        data.setup("fit")
        for batch in forever(data.train_dataloader()):
            if normalised:
                data.prepare_batch(batch, train=True)
            tick()

    return loop


def bytes_alone(files: Path, jpeg: Path, pixels: Path, **options: Any) -> dict[str, Loop]:
    """The loader where a GPU normalises and mirrors."""
    return {
        "bytes, decoder fast": ours(files, normalised=False, decoder="fast", **options),
        "bytes, prepared jpeg, decoder fast": ours(jpeg, normalised=False, decoder="fast", **options),
        "bytes, prepared memmap": ours(pixels, normalised=False, **options),
    }


def main(folder: Path) -> None:
    print(f"{machine()}; {TURNS} turns of {BATCH * BATCHES} pictures.")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        os.environ["BENCHMARK_FOLDER"] = scratch
        files = enlarged(folder.resolve(), Path(scratch) / "files")
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
                **bytes_alone(files, jpeg, pixels),
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
                **bytes_alone(files, jpeg, pixels, **window),
            },
        )
        for place in (files, jpeg, pixels):
            print(place.name, sum(f.stat().st_size for f in place.rglob("*") if f.is_file()) // 1000**2, "MB")


def compare(what: str, ways: dict[str, Loop]) -> None:
    """Take turns and print the table."""
    turns = race(ways, Case("", BATCH, None), BATCHES, TURNS)
    found = {name: [1000 * turn.seconds / (BATCH * BATCHES) for turn in own] for name, own in turns.items()}
    first = median(found["torchvision, PIL"])
    print(f"\n| {what} | ms a picture | range | against torchvision |\n|---|--:|--:|--:|")
    for name, times in found.items():
        spread = f"{min(times):.2f} to {max(times):.2f}"
        print(f"| {name} | {median(times):.3f} | {spread} | {first / median(times):.1f} x |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
