"""What training sees of one picture: its crops, turns, colours and mixtures, drawn by the code that training runs."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lit_cnns.data.augmentation import (
    colour_alphas,
    colour_noise,
    drawn,
    final_side,
    mirrored,
    prepare,
    turns,
    windows,
)
from lit_cnns.data.cifar import CIFAR10, CIFAR100
from lit_cnns.data.digits import Digits
from lit_cnns.data.files import FileSet
from lit_cnns.data.folder import ImageFolder
from lit_cnns.data.imagenet import ImageNet
from lit_cnns.data.mnist import MNIST, FashionMNIST
from lit_cnns.data.module import ImageData
from lit_cnns.data.streamed import StreamedImages

__all__ = ["Seen", "data_described", "data_of", "seen_in_training"]

DATA: dict[str, type[ImageData]] = {
    cls.__name__: cls for cls in (Digits, MNIST, FashionMNIST, CIFAR10, CIFAR100, ImageFolder, ImageNet, StreamedImages)
}
SIDES, LARGEST_SIDE = ("image_size", "resize", "train_resize", "crop_padding"), 2048  # of arguments, in pixels
Place = tuple[float, float]


@dataclass(frozen=True)
class Seen:
    """What the network gets of a picture in one epoch.

    Args:
        epoch: of training, from 0.
        image: as the network gets it, the normalisation undone: uint8 (C, S, S).
        corners: where its corners lie in the picture, (x, y) in pixels: top left, top right, bottom right, bottom
            left. They may lie outside, where zeros are seen. `auto_augment` is not in them.
        mirrored: left is right.
        degrees: by which it is turned, clockwise as seen.
        colour: what PCA noise adds to red, green and blue, of pixels in [0, 1].
        share: of this picture; the rest is another one's, by mixup or CutMix.
    """

    epoch: int
    image: Tensor
    corners: tuple[Place, ...]
    mirrored: bool
    degrees: float
    colour: tuple[float, ...]
    share: float


def data_of(config: dict[str, Any], seed: int | None = None) -> ImageData:
    """The data of a recipe, with its augmentation; no file of it is read.

    Args:
        config: as `recipes.read_config` gives it.
        seed: in place of the recipe's.

    Raises:
        ValueError: it has none of our DataModules, or arguments that contradict each other.
    """
    told = config.get("data") or {}
    name = str(told.get("class_path", "")).rpartition(".")[2]
    if name not in DATA:
        raise ValueError(f"A recipe with one of {', '.join(DATA)} can be shown, not one with {name or 'no data'}.")
    return DATA[name](**{**(told.get("init_args") or {}), **({} if seed is None else {"seed": seed})})


def data_described(description: dict[str, Any], seed: int | None = None) -> ImageData:
    """The data that a network was trained on, with its augmentation; no file of it is read.

    Args:
        description: what a checkpoint says of itself, as `checkpoints.describe` gives it.
        seed: in place of the run's.

    Raises:
        ValueError: it names none of our DataModules, or arguments that are absurd.
    """
    name, args = description["data"].get("class", ""), description["data"].get("args", {})
    try:
        told = [args[key] for key in SIDES if args.get(key) is not None]
        sides = [side for one in told for side in (one if isinstance(one, list) else [one])]
        if not all(0 <= side <= LARGEST_SIDE for side in sides):
            raise ValueError(f"{', '.join(SIDES)} are at most {LARGEST_SIDE} pixels here.")
        return data_of({"data": {"class_path": name, "init_args": args}}, seed)
    except (AttributeError, IndexError, TypeError) as error:  # whoever wrote the file may have put anything there
        raise ValueError(f"The checkpoint describes a {name} that cannot be built: {error}") from None


def seen_in_training(
    data: ImageData, image: Tensor, epochs: Iterable[int], partner: Tensor | None = None
) -> list[Seen]:
    """What training sees of one picture, epoch after epoch.

    Crop, policy, augmentation and normalisation are those of `data`, run by the code that training runs; the random
    numbers are those of the first picture of a training set.

    Args:
        data: with the recipe's augmentation.
        image: uint8 (C, H, W).
        epochs: which ones.
        partner: the picture it meets in its batch, for mixup and CutMix; without one it meets its mirror image.

    Raises:
        ValueError: the crop does not fit into the picture.
    """
    pictures = data.showing([image, image.flip(2) if partner is None else partner])
    return [_seen(data, pictures, epoch) for epoch in epochs]


def _seen(data: ImageData, pictures: FileSet, epoch: int) -> Seen:
    a, indices = data.augmentation, torch.arange(2)
    read = data.with_policy(pictures).__getitems__((epoch, indices))
    if isinstance(read, ValueError):
        raise read
    images, labels = prepare(read, data.preprocessing, True, a, data.seed, epoch, num_classes=2)
    u = drawn(data.seed, epoch, indices)[:1]
    turn = turns(a.rotate_degrees, a.translate, u)[0]
    noise = colour_noise(colour_alphas(a.color_pca, u)).flatten().tolist() if a.color_pca else []
    return Seen(
        epoch=epoch,
        image=_as_bytes(images[0], data.preprocessing),
        corners=_corners(data, pictures, read[0].shape[-1], turn, u, epoch),
        mirrored=bool(mirrored(a.flip, u)),
        degrees=math.degrees(math.atan2(-float(turn[1, 0]), float(turn[0, 0]))),
        colour=tuple(noise),
        share=float(labels[0, 0]) if labels.ndim == 2 else 1.0,
    )


def _as_bytes(image: Tensor, preprocessing: dict[str, Any]) -> Tensor:
    """The normalisation undone: uint8 (C, S, S)."""
    mean, std = (torch.as_tensor(preprocessing[name], dtype=torch.float32) for name in ("mean", "std"))
    mean = mean[:, None, None] if mean.ndim == 1 else mean
    return (255 * (image * std[:, None, None] + mean)).round().clamp(0, 255).to(torch.uint8)


def _corners(data: ImageData, pictures: FileSet, read: int, turn: Tensor, u: Tensor, epoch: int) -> tuple[Place, ...]:
    """Where the network's corners lie in the picture: through the turn, the mirror, the window and the first crop.

    Args:
        data: with its augmentation.
        pictures: the picture, and the one it meets.
        read: side of the square that is read from it.
        turn: of the picture, as `turns` gives it.
        u: the picture's random numbers.
        epoch: of training.
    """
    a, side = data.augmentation, final_side(data.preprocessing) or read
    padded = read + 2 * a.crop_padding
    window_top, window_left = windows(padded, padded, side, u, a.corner_crops)[:, 0].tolist()
    first_top, first_left, height, width = pictures.window(0, epoch)
    found = []
    for corner in ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)):
        x, y = ((turn @ torch.tensor([*corner, 1.0])) + 1).mul(side / 2).tolist()
        x = side - x if mirrored(a.flip, u) else x
        across, down = (x + window_left - a.crop_padding) / read, (y + window_top - a.crop_padding) / read
        found.append((first_left + across * width, first_top + down * height))
    return tuple(found)
