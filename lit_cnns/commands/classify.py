"""`lit-cnns classify CKPT IMAGE_OR_FOLDER...`: what is in these pictures."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", help="a checkpoint of lit-cnns, or best or last for that of the newest run")
    parser.add_argument("images", nargs="+", metavar="IMAGE_OR_FOLDER", help="pictures, or folders of pictures")
    parser.add_argument("--topk", type=int, default=5, help="how many classes a picture gets (default: 5)")
    parser.add_argument("--output", default="-", help="a .csv or .json file, or - for the screen (default)")
    parser.add_argument("--batch_size", type=int, default=32, help="pictures at a time (default: 32)")
    parser.add_argument("--device", help="cpu, cuda, mps (default: the best at hand)")
    parser.add_argument(
        "--on_broken",
        choices=("raise", "skip"),
        default="raise",
        help="what a picture that cannot be read does: end the command, or be left out and counted",
    )


def run(arguments: argparse.Namespace) -> int:
    import torch

    from lit_cnns.callbacks import check_output, prediction, write_table
    from lit_cnns.checkpoints import load
    from lit_cnns.data import ImageError, read_image, to_batch
    from lit_cnns.runs import resolve

    if arguments.topk < 1 or arguments.batch_size < 1:
        raise ValueError("--topk and --batch_size are 1 or more.")
    check_output(arguments.output)
    paths = list(find_pictures(arguments.images))
    checkpoint = resolve(arguments.checkpoint)
    if checkpoint is None:
        raise ValueError("There is no run yet; give the path of a checkpoint.")
    module = load(checkpoint)
    if not module.preprocessing:
        raise ValueError(
            f"{checkpoint} does not say how its pictures were prepared (it was trained on data of another package): "
            "set `preprocessing` on the network and save it by lit_cnns.checkpoints.save_slim."
        )
    device = find_device(arguments.device or best_device())
    module.to(device)
    rows, broken = [], []
    for start in progress(range(0, len(paths), arguments.batch_size), len(paths) > 4 * arguments.batch_size):
        names, pictures = [], []
        for path in paths[start : start + arguments.batch_size]:
            try:
                pictures.append(read_image(path))
                names.append(path)
            except ImageError as error:
                if arguments.on_broken == "raise":
                    raise
                broken.append(str(error))
        if pictures:
            with torch.inference_mode():
                images = to_batch(pictures, module.preprocessing).to(device)
                probabilities = torch.softmax(module(images).float(), dim=1).cpu()
            pairs = zip(names, probabilities, strict=True)
            rows += [prediction(str(name), p, module.class_names, arguments.topk) for name, p in pairs]
    write_table(rows, arguments.output)
    if broken:
        print(f"lit-cnns: {len(broken)} pictures were left out; the first: {broken[0]}", file=sys.stderr)
    return 0


def find_device(name: str) -> "torch.device":
    """A device that can be used here.

    Raises:
        ValueError: there is none of that name.
    """
    import torch

    try:
        return torch.zeros((), device=name).device
    except (RuntimeError, AssertionError):
        raise ValueError(f"There is no device {name!r} here; cpu always is.") from None


def best_device() -> str:
    """The accelerator that torch finds, else the CPU."""
    import torch

    found = torch.accelerator.current_accelerator(check_available=True)
    return str(found) if found is not None else "cpu"


def find_pictures(names: list[str]) -> Iterator[Path]:
    """The pictures named, and those in the folders named, in order.

    Raises:
        ValueError: a name that does not exist, or a folder without pictures.
    """
    for name in map(Path, names):
        if name.is_dir():
            inside = sorted(p for p in name.rglob("*") if p.suffix.lower() in ENDINGS)
            if not inside:
                raise ValueError(
                    f"There are no pictures in {name}/; files ending in {' '.join(ENDINGS)} are looked for."
                )
            yield from inside
        elif name.is_file():
            yield name
        else:
            raise ValueError(f"There is no picture or folder at {name}.")


def progress(steps: range, long: bool) -> Iterator[int]:
    """The steps, with a bar on long work at a terminal."""
    if not long or not sys.stderr.isatty():
        yield from steps
        return
    from tqdm import tqdm

    yield from tqdm(steps, unit="batch", file=sys.stderr)
