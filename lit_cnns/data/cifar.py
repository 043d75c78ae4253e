"""CIFAR-10 and CIFAR-100, from the "python version" of their author."""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lit_cnns.data.module import per_channel, positive
from lit_cnns.data.published import PublishedSet


class CIFAR10(PublishedSet):
    """60,000 colour pictures of 32 x 32 pixels in 10 classes (Krizhevsky 2009).

    By default padded by 4, cropped and mirrored in training, as in the ResNet paper (Section 4.2).
    Files: `ROOT/cifar-10-batches-py/`, as torchvision has them.

    Args:
        image_size: side of the crop the network gets: random in training, central otherwise.
        resize: side the pictures are scaled to before that; 32 leaves them as they are.
        mean: subtracted from pixels in [0, 1], one number a channel.
        std: pixels are divided by it afterwards.
        crop_padding: zero pixels put around a training picture before a random crop.
        flip: mirror half of the training pictures.
        **common: the arguments of `PublishedSet` and `ImageData`.
    """

    class_names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    world = "small photographs of one airplane, automobile, bird, cat, deer, dog, frog, horse, ship or truck"
    title = "CIFAR-10"
    folder = "cifar-10-batches-py"
    files: tuple[str, ...] = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
    source = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    label_key = "labels"

    def __init__(
        self,
        image_size: int = 32,
        resize: int = 32,
        mean: tuple[float, ...] = (0.4914, 0.4822, 0.4465),
        std: tuple[float, ...] = (0.2470, 0.2435, 0.2616),
        crop_padding: int = 4,
        flip: bool = True,
        **common: Any,
    ) -> None:
        super().__init__(crop_padding=crop_padding, flip=flip, **common)
        self.save_hyperparameters(logger=False)
        if image_size > resize:
            raise ValueError(f"image_size {image_size} is larger than resize {resize}: raise resize with it.")
        self.side, self.resize = positive(image_size), resize
        self.mean, self.std = per_channel(mean, 3), per_channel(std, 3)

    @property
    def preprocessing(self) -> dict[str, Any]:
        return {
            "channels": 3,
            "resize": self.resize,
            "crop": self.side,
            "interpolation": "bilinear",
            "pad": 0,
            "mean": self.mean,
            "std": self.std,
            "ink": None,
        }

    def fetch(self) -> None:
        import torchvision

        getattr(torchvision.datasets, type(self).__name__)(self.root, download=True)

    def load(self, train: bool) -> tuple[Tensor, Tensor]:
        batches = [read_batch(self.place / name) for name in (self.files[:-1] if train else self.files[-1:])]
        images = torch.from_numpy(np.concatenate([batch["data"] for batch in batches]))
        labels = torch.tensor([label for batch in batches for label in batch[self.label_key]])
        return images.view(-1, 3, 32, 32), labels


class CIFAR100(CIFAR10):
    """60,000 colour pictures of 32 x 32 pixels in 100 classes (Krizhevsky 2009).

    Files: `ROOT/cifar-100-python/`, as torchvision has them.

    Args:
        mean: subtracted from pixels in [0, 1], one number a channel.
        std: pixels are divided by it afterwards.
        **common: the arguments of `CIFAR10`, `PublishedSet` and `ImageData`.
    """

    class_names = (  # noqa: SIM905 - a hundred lines less
        "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can "
        "castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin "
        "elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster "
        "man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck "
        "pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk "
        "skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger "
        "tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm"
    ).split()
    world = (
        "small photographs of one thing out of 100 kinds: animals, plants, people, vehicles, household things, places"
    )
    title = "CIFAR-100"
    folder = "cifar-100-python"
    files = ("train", "test")
    source = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
    label_key = "fine_labels"

    def __init__(
        self,
        mean: tuple[float, ...] = (0.5071, 0.4865, 0.4409),
        std: tuple[float, ...] = (0.2673, 0.2564, 0.2762),
        **common: Any,
    ) -> None:
        super().__init__(mean=mean, std=std, **common)
        self.save_hyperparameters(logger=False)


class _ArraysOnly(pickle.Unpickler):
    """Reads arrays and plain values, and nothing that could run code."""

    ALLOWED = {
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("_codecs", "encode"),
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return super().find_class(module, name)


def read_batch(path: Path) -> dict[str, Any]:
    """One pickled file of CIFAR; only arrays and plain values are read from it.

    Raises:
        ValueError: the file is broken or holds anything else.
    """
    try:
        batch = _ArraysOnly(io.BytesIO(path.read_bytes()), encoding="latin1").load()
    except (pickle.UnpicklingError, EOFError, ValueError, IndexError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} is not a file of CIFAR ({error}). Fetch it again.") from error
    if not isinstance(batch, dict) or not isinstance(batch.get("data"), np.ndarray):
        raise ValueError(f"{path} is not a file of CIFAR. Fetch it again.")
    return batch
