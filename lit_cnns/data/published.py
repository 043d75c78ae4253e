"""Small published sets that come as a few files: where they lie, how they are split, how they are kept."""

from pathlib import Path
from typing import Any
from urllib.error import URLError

import torch
import torch.nn.functional as F
from lightning.pytorch.utilities.rank_zero import rank_zero_info
from torch import Tensor

from lit_cnns.data.files import FileSet, Shown
from lit_cnns.data.memory import TensorSet
from lit_cnns.data.module import ImageData, stratified
from lit_cnns.data.pictures import resize_to


class PublishedSet(ImageData):
    """A published set of small pictures, kept in memory.

    Args:
        root: folder that holds the set's own folder.
        download: fetch the files when they are missing.
        val_size: training pictures set aside to validate on, the same number of each class up to rounding;
            0 trains on all of them and validates on the test set.
        split_seed: which pictures are set aside.
        **common: the arguments of `ImageData`.
    """

    title: str  # what people call the set
    folder: str  # its folder below root
    files: tuple[str, ...]
    source: str  # where the files are published

    def __init__(
        self, root: str = "data", download: bool = False, val_size: int = 5000, split_seed: int = 0, **common: Any
    ) -> None:
        super().__init__(**common)
        self.root, self.download = root, download
        self.val_size, self.split_seed = val_size, split_seed

    @property
    def image_size(self) -> int:
        return self.preprocessing["crop"] + 2 * self.preprocessing["pad"]

    @property
    def place(self) -> Path:
        """The folder of the set's files."""
        return Path(self.root) / self.folder

    def missing(self) -> list[str]:
        """The files that are not there."""
        return [name for name in self.files if not (self.place / name).exists()]

    def fetch(self) -> None:
        """Download the files."""
        raise NotImplementedError

    def load(self, train: bool) -> tuple[Tensor, Tensor]:
        """Pictures uint8 (N, C, H, W) and labels (N,) of the training or test files."""
        raise NotImplementedError

    def prepare_data(self) -> None:
        """Download, when asked for and needed.

        Raises:
            ValueError: the files cannot be downloaded.
        """
        if self.download and self.missing():
            try:
                self.fetch()
            except (URLError, OSError, RuntimeError) as error:
                raise ValueError(f"{self.title} could not be downloaded ({error}). {self._remedy()}") from error

    def _remedy(self) -> str:
        return f"Put {', '.join(self.files)} from {self.source} into {self.place}; docs/data.md shows the layout."

    def read(self, split: str) -> TensorSet:
        if missing := self.missing():
            raise ValueError(
                f"{self.title} is not complete in {self.place}: {', '.join(missing)} missing. "
                f"Pass download: true, or {self._remedy()[0].lower()}{self._remedy()[1:]}"
            )
        from_train = split == "train" or (split == "val" and self.val_size > 0)
        images, labels = self.load(from_train)
        names = [f"{self.title}/{'train' if from_train else 'test'}/{number}" for number in range(len(labels))]
        pictures = TensorSet(images if self.tested_whole(split) else self._fit(images), labels, names)
        if split == "val" and not self.val_size:
            rank_zero_info(f"val_size is 0: {self.title} is validated on its test set.")
        if not from_train or not self.val_size:
            return pictures
        if self.val_size >= len(labels):
            raise ValueError(f"val_size is {self.val_size}, but {self.title} has {len(labels)} training pictures.")
        train, val = stratified(labels, self.val_size, self.split_seed)
        return pictures.subset(train if split == "train" else val)

    def showing(self, images: list[Tensor]) -> FileSet:
        """A training set of these pictures, whole as `_fit` leaves those of the set; training draws the crop."""
        whole = {**self.preprocessing, "crop": self.preprocessing["resize"]}
        return FileSet(Shown(images), torch.arange(len(images)), whole)

    def _fit(self, images: Tensor) -> Tensor:
        """All that `fit_image` does, but the crop, which training draws."""
        side, pad = self.preprocessing["resize"], self.preprocessing["pad"]
        if images.shape[-1] != side:
            images = torch.cat([resize_to(part, (side, side)) for part in images.split(1000)])
        return F.pad(images, [pad] * 4) if pad else images
