"""Pictures as they are, for several networks that each prepare them in their own way."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from lit_cnns.data.cifar import CIFAR10, CIFAR100
from lit_cnns.data.decoding import decode_by
from lit_cnns.data.digits import Digits
from lit_cnns.data.files import Files, Stock
from lit_cnns.data.layout import Layout, is_picture
from lit_cnns.data.memory import TensorSet
from lit_cnns.data.mnist import MNIST, FashionMNIST
from lit_cnns.data.pictures import ImageError, read_image
from lit_cnns.data.prepared import manifest_of
from lit_cnns.data.preparing import read_folder
from lit_cnns.data.published import PublishedSet

PUBLISHED: tuple[type[PublishedSet], ...] = (MNIST, FashionMNIST, CIFAR10, CIFAR100)
DIGIT_SIDE = 8


@dataclass(frozen=True)
class Gallery:
    """Numbered pictures, with their labels if they have some.

    Args:
        title: what to call it, and which split it is.
        pictures: files, or pictures in memory.
        labels: (N,), -1 where unknown.
        class_names: of the labels; none if there are no labels.
    """

    title: str
    pictures: Stock | TensorSet
    labels: Tensor
    class_names: list[str]

    @classmethod
    def digits(cls) -> "Gallery":
        """The 360 test pictures of `Digits`, 8 x 8 pixels."""
        pictures = Digits(image_size=DIGIT_SIDE).read("test")
        return cls("scikit-learn's digits, test", pictures, pictures.labels, Digits.class_names)

    @classmethod
    def within(cls, folder: Path) -> "list[Gallery]":
        """What a folder holds: published sets, `test/`, `val/` or `train/` of class folders, or pictures alone.

        Raises:
            ValueError: there is no such folder, or no picture in it.
        """
        if not folder.is_dir():
            raise ValueError(f"There is no folder {folder.name} where the lab was told to look for pictures.")
        sets = [kind(root=str(folder)) for kind in PUBLISHED]
        if published := [one for one in sets if not one.missing()]:
            return [cls._of_set(one) for one in published]
        classes = [place for place in folder.iterdir() if place.is_dir() and not place.name.startswith(".")]
        return [cls._of_classes(folder) if classes or manifest_of(folder) else cls._of_files(folder)]

    @classmethod
    def _of_set(cls, data: PublishedSet) -> "Gallery":
        images, labels = data.load(train=False)
        names = [f"{data.title}/test/{number}" for number in range(len(labels))]
        return cls(f"{data.title}, test", TensorSet(images, labels, names), labels, list(data.class_names))

    @classmethod
    def _of_classes(cls, folder: Path) -> "Gallery":
        data, layout = read_folder(folder), Layout.of(folder)
        split = "test" if layout.test else "val" if layout.val else "train"
        stock, labels = data.list_split(split)
        title = folder.name if layout.train == folder else f"{folder.name}, {split}"
        return cls(title, stock, labels, _in_words([str(name) for name in data.class_names]))

    @classmethod
    def _of_files(cls, folder: Path) -> "Gallery":
        paths = sorted(str(path) for path in folder.iterdir() if is_picture(path.name))
        if not paths:
            raise ValueError(f"{folder.name} has neither pictures nor folders of pictures in it.")
        return cls(f"{folder.name}, without labels", Files(paths), torch.full((len(paths),), -1), [])

    def __len__(self) -> int:
        return len(self.labels)

    def name(self, index: int) -> str:
        """The end of a picture's path, or its number."""
        return "/".join(Path(self.pictures.name(index)).parts[-2:])

    def picture(self, index: int, at_least: int | None = None) -> Tensor:
        """One picture, uint8 (C, H, W).

        Args:
            index: its number.
            at_least: see `read_image`; what evaluates leaves it out.

        Raises:
            ImageError: it cannot be read.
        """
        if isinstance(self.pictures, TensorSet):
            return self.pictures.images[index]
        if at_least and isinstance(self.pictures, Files):
            return read_image(self.pictures.name(index), at_least=at_least)
        return self.pictures.picture(index, decode_by("pil"))

    def sample(self, most: int, seed: int = 0) -> list[int]:
        """The numbers of at most so many pictures, drawn without looking, in their order."""
        drawn = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))
        return sorted(drawn[:most].tolist())

    def batches(self, numbers: list[int], size: int = 32) -> Iterator[tuple[list[int], list[Tensor], Tensor]]:
        """Some pictures a batch at a time: their numbers, themselves, their labels. What is broken is left out."""
        for start in range(0, len(numbers), size):
            found = []
            for number in numbers[start : start + size]:
                try:
                    found.append((number, self.picture(number)))
                except ImageError:
                    continue
            kept = [number for number, _ in found]
            yield kept, [picture for _, picture in found], self.labels[kept]


def _in_words(class_names: list[str]) -> list[str]:
    """Names of classes; numbers of WordNet that are ImageNet's become its words, so that its networks know them."""
    if not all(re.fullmatch(r"n\d{8}", name) for name in class_names):
        return class_names
    from timm.data import ImageNetInfo

    known = ImageNetInfo()
    if set(class_names) - set(known.label_names()):
        return class_names
    return [known.label_name_to_description(name) for name in class_names]
