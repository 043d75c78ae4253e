"""Pictures that are read from their files when a batch wants them, or once into memory."""

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from lightning.pytorch.utilities.rank_zero import rank_zero_only, rank_zero_warn
from torch import Tensor
from tqdm import tqdm

from lit_cnns.data.memory import TensorSet
from lit_cnns.data.pictures import (
    ImageError,
    fit_image,
    read_image,
    recolour,
    resize_shorter,
    resize_to,
    to_channels,
)
from lit_cnns.data.randomness import uniform
from lit_cnns.data.sampling import NOT_COUNTED, Batch

_FIRST, _TRIES = 64, 10  # columns of a picture's random numbers, beyond those of the device's augmentation
_PART = 256  # pictures a thread reads in a go


@dataclass(frozen=True)
class TrainingCrop:
    """How a large training picture becomes a square, before the device's augmentation.

    Args:
        kind: "random_resized" (a patch of random area and shape, scaled) or "shorter_side" (scaled, then a random
            window). A "central_square" is cut as in evaluation, and the device takes the windows.
        side: of the square.
        resize: smallest and largest length the shorter side is scaled to.
        scale: smallest and largest share of the area, for random_resized.
        ratio: smallest and largest width / height, for random_resized.
    """

    kind: str
    side: int
    resize: tuple[int, int]
    scale: tuple[float, float]
    ratio: tuple[float, float]

    def __call__(self, image: Tensor, interpolation: str, u: list[float]) -> Tensor:
        if self.kind == "random_resized":
            top, left, height, width = self.patch(image.shape[1], image.shape[2], u)
            image = image[:, top : top + height, left : left + width]
            return resize_to(image, (self.side, self.side), interpolation)
        low, high = self.resize
        image = resize_shorter(image, low + int(u[0] * (high - low + 1)), interpolation)
        top, left = (int(v * (length - self.side + 1)) for v, length in zip(u[1:3], image.shape[1:], strict=True))
        return image[:, top : top + self.side, left : left + self.side]

    def patch(self, height: int, width: int, u: list[float]) -> tuple[int, int, int, int]:
        """(top, left, height, width): area evenly in `scale`, shape log-evenly in `ratio`; the first that fits."""
        low, high = (math.log(value) for value in self.ratio)
        for attempt in range(_TRIES):
            area = height * width * (self.scale[0] + u[2 + 2 * attempt] * (self.scale[1] - self.scale[0]))
            shape = math.exp(low + u[3 + 2 * attempt] * (high - low))
            w, h = round(math.sqrt(area * shape)), round(math.sqrt(area / shape))
            if 0 < w <= width and 0 < h <= height:
                return int(u[0] * (height - h + 1)), int(u[1] * (width - w + 1)), h, w
        w = max(1, min(width, round(height * self.ratio[1])))
        h = max(1, min(height, round(width / self.ratio[0])))
        return (height - h) // 2, (width - w) // 2, h, w


class FileSet:
    """Pictures in files. Random crops are a function of (seed, epoch, picture), whoever reads it.

    Args:
        paths: the files.
        labels: their labels, (N,).
        preprocessing: what `fit_image` does to each.
        crop: a training crop in place of the preprocessing's central one.
        seed: of the training crops.
        skip_broken: give a picture that cannot be read as black and labelled -100; otherwise it is an error.
    """

    def __init__(
        self,
        paths: list[str],
        labels: Tensor,
        preprocessing: dict[str, Any],
        crop: TrainingCrop | None = None,
        seed: int = 0,
        skip_broken: bool = False,
    ) -> None:
        # one block of bytes: a list of a million strings would be copied into every worker by its reference counts
        self.paths = np.array([os.fsencode(path) for path in paths])
        self.labels, self.preprocessing, self.crop = labels, preprocessing, crop
        self.seed, self.skip_broken = seed, skip_broken

    def __len__(self) -> int:
        return len(self.paths)

    def name(self, index: int) -> str:
        """The file of a picture."""
        return os.fsdecode(self.paths[index])

    def blank(self) -> Tensor:
        """A black picture of this set's shape."""
        side = self.crop.side if self.crop else self.preprocessing["crop"]
        return torch.zeros(self.preprocessing["channels"], side, side, dtype=torch.uint8)

    def picture(self, index: int, u: list[float]) -> Tensor:
        """One picture, cropped; `u` are its random numbers."""
        image = read_image(self.name(index))
        if self.crop is None:
            return fit_image(image, self.preprocessing)
        image = to_channels(image, self.preprocessing["channels"])
        return self.crop(image, self.preprocessing["interpolation"], u)

    def __getitems__(self, request: tuple[int, Tensor]) -> Batch | ImageError:
        epoch, indices = request
        numbers = uniform(self.seed, epoch, indices, 2 + 2 * _TRIES, _FIRST).tolist()
        found = self._read(indices, lambda place, index: self.picture(index, numbers[place]))
        return found if isinstance(found, ImageError) else (torch.stack(found[0]), found[1], indices)

    def whole(self, indices: Tensor) -> tuple[list[Tensor], Tensor] | ImageError:
        """Pictures as they are but for their colours, and their labels; broken ones as in a batch."""
        return self._read(indices, lambda _, index: recolour(read_image(self.name(index)), self.preprocessing))

    def _read(self, indices: Tensor, one: Callable[[int, int], Tensor]) -> tuple[list[Tensor], Tensor] | ImageError:
        """What `one` makes of each (place in the batch, picture), and the labels."""
        images, labels = [], self.labels[indices]
        for place, index in enumerate(indices.tolist()):
            try:
                images.append(one(place, index))
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
