"""The small pictures that claims are checked on: CIFAR-10 in its own files, or any folder of class folders."""

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from lit_cnns.data import CIFAR10, ImageData, ImageFolder
from lit_cnns.data.memory import TensorSet
from lit_cnns.data.pictures import central_crop

HELD = 20  # one training picture in so many is held out
SIDE = 32


@dataclass(frozen=True)
class Pictures:
    """What a claim trains on, chooses rates by, and is tested on."""

    train: TensorSet
    held: TensorSet
    test: TensorSet

    @functools.cached_property
    def digest(self) -> str:
        """Of all pictures and labels: the same wherever they lie."""
        found = hashlib.sha256()
        for part in (self.train, self.held, self.test):
            for tensor in (part.images, part.labels):
                found.update(repr(tensor.shape).encode())
                found.update(tensor.numpy().tobytes())
        return found.hexdigest()

    def first(self, count: int | None) -> "Pictures":
        """With as many training pictures as a scale asks for.

        Raises:
            ValueError: there are fewer.
        """
        if count and count > len(self.train):
            raise ValueError(
                f"This budget trains on {count:,} pictures; without those held out, there are {len(self.train):,}. "
                "Take a smaller --budget or another folder."
            )
        return Pictures(self.train.subset(torch.arange(count or len(self.train))), self.held, self.test)

    def middle(self, side: int) -> "Pictures":
        """With the middle of the training pictures in their place, which leaves nothing to draw a crop from."""
        cropped = TensorSet(central_crop(self.train.images, side), self.train.labels, self.train.names)
        return Pictures(cropped, self.held, self.test)


def data_module(data: str, image_size: int, batch: int, seed: int, augmented: bool, **changes: Any) -> ImageData:
    """CIFAR-10 in its own files below a folder, or any folder of class folders."""
    common: dict[str, Any] = {"global_batch_size": batch, "seed": seed, "flip": augmented}
    common |= {"crop_padding": 4 if augmented and image_size == SIDE else 0, **changes}
    if _is_published(data):
        return CIFAR10(root=data, image_size=image_size, val_size=0, **common)
    return ImageFolder(root=data, image_size=image_size, resize=SIDE, train_crop="central_square", **common)


def description(data: str) -> str:
    """Name the data in one line."""
    return "CIFAR-10" if _is_published(data) else f"a folder of pictures, {Path(data).name}"


def _is_published(data: str) -> bool:
    # where there is neither, `read` says which files go where
    return (Path(data) / CIFAR10.folder).is_dir() or not (Path(data) / "train").is_dir()


@functools.lru_cache(maxsize=2)
def read(data: str, image_size: int) -> Pictures:
    """Read a data set once; 5 % of its training pictures are held out, the same ones each time.

    Raises:
        ValueError: the data is not there, or its pictures are too large to be kept in memory.
    """
    pictures = data_module(data, image_size, 128, 0, False)
    if isinstance(pictures, CIFAR10) and (missing := pictures.missing()):
        raise ValueError(
            f"This claim is checked on pictures, and CIFAR-10 is not complete in {pictures.place}: "
            f"{', '.join(missing)} missing. Put them there from {pictures.source}, or give --data FOLDER, a folder "
            "with CIFAR-10, or with train/ and test/ of class folders of small pictures."
        )
    if isinstance(pictures, ImageFolder) and not (Path(data) / "test").is_dir():
        raise ValueError(f"No test/ folder under {data}: a claim is trained on train/ and judged by test/.")
    pictures.setup("fit")
    pictures.setup("test")
    train, test = pictures.sets["train"], pictures.sets["test"]
    if not (isinstance(train, TensorSet) and isinstance(test, TensorSet)):
        raise ValueError(
            f"A claim is checked on small pictures, which stay in memory, such as CIFAR-10; {data} holds others."
        )
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))
    held = len(train) // HELD
    return Pictures(train.subset(order[held:]), train.subset(order[:held]), test)
