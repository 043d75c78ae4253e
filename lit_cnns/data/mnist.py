"""MNIST and Fashion-MNIST, from the four files of their authors."""

import gzip
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lit_cnns.data.module import per_channel, positive
from lit_cnns.data.published import PublishedSet


class MNIST(PublishedSet):
    """70,000 handwritten digits of 28 x 28 pixels (LeCun, Cortes, Burges 1998), 2 zero pixels around: 32 x 32.

    The default mean and std make the ground -0.1 and the ink 1.175, as LeNet-5's paper has it (Section III).
    Files: `ROOT/MNIST/raw/`, as torchvision has them, packed (.gz) or not.

    Args:
        image_size: 32 (padded by 2) or 28 (as they are); any other size is scaled to.
        mean: subtracted from pixels in [0, 1].
        std: pixels are divided by it afterwards.
        **common: the arguments of `PublishedSet` and `ImageData`.
    """

    class_names = [str(digit) for digit in range(10)]
    world = "handwritten digits 0 to 9, one in the middle of the picture"
    title = "MNIST"
    folder = "MNIST/raw"
    files = (
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
    )
    source = "https://ossci-datasets.s3.amazonaws.com/mnist/"

    def __init__(
        self,
        image_size: int = 32,
        mean: tuple[float, ...] = (0.1 / 1.275,),
        std: tuple[float, ...] = (1 / 1.275,),
        **common: Any,
    ) -> None:
        super().__init__(**common)
        self.save_hyperparameters(logger=False)
        self.side = positive(image_size)
        self.mean, self.std = per_channel(mean, 1), per_channel(std, 1)

    @property
    def preprocessing(self) -> dict[str, Any]:
        pad = 2 if self.side == 32 else 0
        return {
            "channels": 1,
            "resize": self.side - 2 * pad,
            "crop": self.side - 2 * pad,
            "interpolation": "bilinear",
            "pad": pad,
            "mean": self.mean,
            "std": self.std,
            "ink": "light",
        }

    def missing(self) -> list[str]:
        """The files that are there neither packed nor unpacked."""
        return [name for name in super().missing() if not (self.place / name).with_suffix("").exists()]

    def fetch(self) -> None:
        import torchvision

        getattr(torchvision.datasets, type(self).__name__)(self.root, download=True)

    def load(self, train: bool) -> tuple[Tensor, Tensor]:
        images, labels = self.files[:2] if train else self.files[2:]
        return read_idx(self.place / images)[:, None], read_idx(self.place / labels).long()


class FashionMNIST(MNIST):
    """70,000 grey pictures of clothing of 28 x 28 pixels (Xiao, Rasul, Vollgraf 2017), 2 zero pixels around.

    Files: `ROOT/FashionMNIST/raw/`, as torchvision has them, packed (.gz) or not.

    Args:
        image_size: 32 (padded by 2) or 28 (as they are); any other size is scaled to.
        mean: subtracted from pixels in [0, 1].
        std: pixels are divided by it afterwards.
        **common: the arguments of `PublishedSet` and `ImageData`.
    """

    class_names = [
        "T-shirt/top",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle boot",
    ]
    world = "single pieces of clothing, light on a dark ground: " + ", ".join(class_names)
    title = "FashionMNIST"
    folder = "FashionMNIST/raw"
    source = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"

    def __init__(
        self,
        image_size: int = 32,
        mean: tuple[float, ...] = (0.2860,),
        std: tuple[float, ...] = (0.3530,),
        **common: Any,
    ) -> None:
        super().__init__(image_size, mean, std, **common)
        self.save_hyperparameters(logger=False)


def read_idx(path: Path) -> Tensor:
    """An idx file of bytes (the format of MNIST's authors), packed or not, as a uint8 tensor.

    Raises:
        ValueError: the file is not of that format or is cut short.
    """
    unpacked = path.with_suffix("") if path.suffix == ".gz" else path
    try:
        data = unpacked.read_bytes() if unpacked.exists() else gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as error:
        raise ValueError(f"{path} cannot be read: {error}. Fetch it again.") from error
    if data[:3] != b"\x00\x00\x08":
        raise ValueError(f"{path} is not an idx file of bytes. Fetch it again.")
    start = 4 + 4 * data[3]
    shape = np.frombuffer(data[4:start], ">u4").tolist()
    if len(data) != start + math.prod(shape):
        raise ValueError(f"{path} says it holds {shape} bytes but has {len(data) - start}. Fetch it again.")
    return torch.from_numpy(np.frombuffer(data, np.uint8, offset=start).reshape(shape).copy())
