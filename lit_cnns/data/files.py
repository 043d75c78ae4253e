"""Pictures that are read from their files when a batch wants them, or once into memory."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from lightning.pytorch.utilities.rank_zero import rank_zero_only, rank_zero_warn
from torch import Tensor
from tqdm import tqdm

from lit_cnns.data.crop import NUMBERS, TrainingCrop
from lit_cnns.data.decoding import Decode, Shrink, decode_by
from lit_cnns.data.memory import TensorSet
from lit_cnns.data.pictures import ImageError, bytes_of, central_window, fit_image, recolour, to_channels
from lit_cnns.data.randomness import uniform
from lit_cnns.data.sampling import Batch
from lit_cnns.data.storage import StorageError
from lit_cnns.evaluation import NOT_COUNTED

_FIRST = 64  # column of the first of a picture's random numbers, beyond those of the device's augmentation
_PART = 256  # pictures a thread reads in a go


class Stock(Protocol):
    """Where the pictures of a set lie."""

    def __len__(self) -> int: ...

    def name(self, index: int) -> str:
        """What an error or a table of predictions calls a picture."""

    def picture(self, index: int, decode: Decode, shrink: Shrink | None = None) -> Tensor:
        """One picture, uint8 (C, H, W); ImageError if it cannot be read."""

    def subset(self, indices: Tensor) -> "Stock":
        """Some of the pictures, renumbered."""


class Files:
    """Pictures in a file each."""

    def __init__(self, paths: Sequence[str] | np.ndarray) -> None:
        # one block of bytes: a list of a million strings would be copied into every worker by its reference counts
        self.paths = np.array([os.fsencode(path) for path in paths])

    def __len__(self) -> int:
        return len(self.paths)

    def name(self, index: int) -> str:
        """The path of a picture."""
        return os.fsdecode(self.paths[index])

    def picture(self, index: int, decode: Decode, shrink: Shrink | None = None) -> Tensor:
        """One picture, uint8 (C, H, W); ImageError if it cannot be read."""
        name = self.name(index)
        return decode(bytes_of(Path(name)), name, shrink)

    def subset(self, indices: Tensor) -> "Files":
        """Some of the files, renumbered."""
        chosen = Files([])
        chosen.paths = self.paths[indices.numpy()]
        return chosen


class Shown:
    """Pictures that somebody shows, in place of files: uint8 (C, H, W) each."""

    def __init__(self, images: Sequence[Tensor]) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def name(self, index: int) -> str:
        """A picture's number."""
        return f"picture {index}"

    def picture(self, index: int, decode: Decode, shrink: Shrink | None = None) -> Tensor:
        """One picture."""
        return self.images[index]

    def subset(self, indices: Tensor) -> "Shown":
        """Some of the pictures, renumbered."""
        return Shown([self.images[index] for index in indices.tolist()])


class FileSet:
    """Pictures decoded when they are wanted. Random crops are a function of (seed, epoch, picture), whoever reads it.

    Args:
        stock: where the pictures lie.
        labels: their labels, (N,).
        preprocessing: what `fit_image` does to each.
        crop: a training crop in place of the preprocessing's central one.
        seed: of the training crops.
        skip_broken: give a picture that cannot be read as black and labelled -100; otherwise it is an error.
        decode: how a file becomes a picture.
    """

    def __init__(
        self,
        stock: Stock,
        labels: Tensor,
        preprocessing: dict[str, Any],
        crop: TrainingCrop | None = None,
        seed: int = 0,
        skip_broken: bool = False,
        decode: Decode | None = None,
    ) -> None:
        self.stock, self.labels, self.preprocessing, self.crop = stock, labels, preprocessing, crop
        self.seed, self.skip_broken, self.decode = seed, skip_broken, decode or decode_by("pil")

    def __len__(self) -> int:
        return len(self.stock)

    def name(self, index: int) -> str:
        """Where a picture came from."""
        return self.stock.name(index)

    def blank(self) -> Tensor:
        """A black picture of this set's shape."""
        side = self.crop.side if self.crop else self.preprocessing["crop"]
        return torch.zeros(self.preprocessing["channels"], side, side, dtype=torch.uint8)

    def picture(self, index: int, u: list[float]) -> Tensor:
        """One picture, cropped; `u` are its random numbers."""
        crop = self.crop
        if crop is None:
            shorter = self.preprocessing["resize"]
            image = self.stock.picture(index, self.decode, lambda height, width: min(height, width) / shorter)
            return fit_image(image, self.preprocessing)
        image = self.stock.picture(index, self.decode, lambda height, width: crop.shrink(height, width, u))
        image = to_channels(image, self.preprocessing["channels"])
        return crop(image, self.preprocessing["interpolation"], u)

    def window(self, index: int, epoch: int) -> tuple[float, float, float, float]:
        """(top, left, height, width) of what is read of a picture in an epoch, in its own pixels."""
        height, width = self.stock.picture(index, self.decode).shape[1:]
        if self.crop is not None:
            return self.crop.window(height, width, self.numbers(epoch, torch.tensor([index]))[0])
        return central_window(height, width, self.preprocessing)

    def numbers(self, epoch: int, indices: Tensor) -> list[list[float]]:
        """The random numbers of each picture's crop in an epoch."""
        return uniform(self.seed, epoch, indices, NUMBERS, _FIRST).tolist()

    def __getitems__(self, request: tuple[int, Tensor]) -> Batch | ValueError:
        epoch, indices = request
        numbers = self.numbers(epoch, indices)
        found = self._read(indices, lambda place, index: self.picture(index, numbers[place]))
        return found if isinstance(found, ValueError) else (_stack(found[0]), found[1], indices)

    def whole(self, indices: Tensor) -> tuple[list[Tensor], Tensor] | ValueError:
        """Pictures as they are but for their colours, and their labels; broken ones as in a batch."""
        return self._read(
            indices, lambda _, index: recolour(self.stock.picture(index, self.decode), self.preprocessing)
        )

    def _read(self, indices: Tensor, one: Callable[[int, int], Tensor]) -> tuple[list[Tensor], Tensor] | ValueError:
        """What `one` makes of each (place in the batch, picture), and the labels."""
        images, labels = [], self.labels[indices]
        for place, index in enumerate(indices.tolist()):
            try:
                images.append(one(place, index))
            except StorageError as error:  # no picture's fault
                return error
            except ImageError as error:
                if not self.skip_broken:
                    return error
                images.append(self.blank())
                labels[place] = NOT_COUNTED
        return images, labels

    def in_memory(self) -> TensorSet:
        """All pictures at once, as `fit_image` leaves them; broken ones are left out if they may be skipped."""
        images = torch.empty(len(self), *self.blank().shape, dtype=torch.uint8)
        readable = torch.ones(len(self), dtype=torch.bool)

        def read(indices: range) -> int:
            for index in indices:
                try:
                    images[index] = self.picture(index, [])
                except ImageError:
                    if not self.skip_broken:
                        raise
                    readable[index] = False
            return len(indices)

        parts = [range(first, min(first + _PART, len(self))) for first in range(0, len(self), _PART)]
        rank = rank_zero_only.rank  # type: ignore[attr-defined]
        with (
            ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool,
            tqdm(desc="Reading pictures", total=len(self), delay=2, leave=False, disable=rank != 0) as bar,
        ):
            for count in pool.map(read, parts):
                bar.update(count)
        kept = readable.nonzero()[:, 0]
        if len(kept) < len(self):
            first = self.name(int((~readable).nonzero()[0]))
            rank_zero_warn(f"{len(self) - len(kept)} of {len(self)} pictures could not be read, {first} the first.")
        everything = TensorSet(images, self.labels, [self.name(index) for index in range(len(self))])
        return everything if len(kept) == len(self) else everything.subset(kept)


def _stack(images: list[Tensor]) -> Tensor:
    """Pictures as a batch (B, C, H, W), channels_last where the decoder wrote pixel by pixel."""
    if all(image.stride(0) == 1 for image in images):
        return torch.stack([image.permute(1, 2, 0) for image in images]).permute(0, 3, 1, 2)
    return torch.stack(images)
