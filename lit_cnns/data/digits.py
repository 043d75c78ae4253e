"""The real handwritten digits that scikit-learn carries: no download."""

from typing import Any

import torch
from torch import Tensor

from lit_cnns.data.memory import TensorSet
from lit_cnns.data.module import ImageData, per_channel, positive, stratified
from lit_cnns.data.pictures import resize_to

_MEAN, _STD = 0.3053, 0.3760  # of the 8 x 8 pixels in [0, 1]


class Digits(ImageData):
    """1,797 handwritten digits of 8 x 8 pixels (UCI, Alpaydin and Kaynak 1998), as scikit-learn carries them.

    Pixels 0..16 become 0..255; 8 x 8 becomes `image_size` by bilinear interpolation. `Digits.split` is the named
    split: stratified, 1,257 to train, 180 to validate, 360 to test.

    Args:
        image_size: side of the pictures.
        split_seed: which stratified split; 0 is the one our results are stated for.
        mean: subtracted from pixels in [0, 1].
        std: pixels are divided by it afterwards.
        **common: the arguments of `ImageData`.
    """

    class_names = [str(digit) for digit in range(10)]
    world = "handwritten digits 0 to 9, one in the middle of the picture"
    SIZES = {"train": 1257, "val": 180, "test": 360}

    def __init__(
        self,
        image_size: int = 32,
        split_seed: int = 0,
        mean: tuple[float, ...] = (_MEAN,),
        std: tuple[float, ...] = (_STD,),
        **common: Any,
    ) -> None:
        super().__init__(**common)
        self.save_hyperparameters(logger=False)
        self.side, self.split_seed = positive(image_size), split_seed
        self.mean, self.std = per_channel(mean, 1), per_channel(std, 1)

    @property
    def image_size(self) -> int:
        return self.side

    @property
    def preprocessing(self) -> dict[str, Any]:
        return {
            "channels": 1,
            "resize": self.side,
            "crop": self.side,
            "interpolation": "bilinear",
            "pad": 0,
            "mean": self.mean,
            "std": self.std,
            "ink": "light",
        }

    @classmethod
    def split(cls, split_seed: int = 0) -> dict[str, Tensor]:
        """The numbers of the pictures in `train`, `val` and `test`, in scikit-learn's order of them."""
        _, labels = _digits()
        rest, test = stratified(labels, cls.SIZES["test"], split_seed)
        train, val = stratified(labels[rest], cls.SIZES["val"], split_seed)
        return {"train": rest[train], "val": rest[val], "test": test}

    def read(self, split: str) -> TensorSet:
        images, labels = _digits()
        chosen = self.split(self.split_seed)[split]
        shown = images[chosen] if self.tested_whole(split) else resize_to(images[chosen], (self.side, self.side))
        return TensorSet(shown, labels[chosen], [f"digits/{number}" for number in chosen.tolist()])


def _digits() -> tuple[Tensor, Tensor]:
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = (torch.from_numpy(digits.images) * (255 / 16)).round().to(torch.uint8)
    return images[:, None], torch.from_numpy(digits.target).long()
