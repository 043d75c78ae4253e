"""Whole pictures at several scales, for protocols that test more of a picture than its central crop."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lit_cnns.data.pictures import resize_shorter
from lit_cnns.data.sampling import PictureSet, ScaledBatch


class ScaledSet:
    """The pictures of a set, each whole and scaled to several shorter sides.

    Args:
        pictures: the set.
        scales: shorter sides, in pixels.
        interpolation: bilinear, bicubic or nearest.
    """

    def __init__(self, pictures: PictureSet, scales: Sequence[int], interpolation: str) -> None:
        self.pictures, self.scales, self.interpolation = pictures, scales, interpolation

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitems__(self, request: tuple[int, Tensor]) -> ScaledBatch | ValueError:
        found = self.pictures.whole(request[1])
        if isinstance(found, ValueError):
            return found
        images, labels = found
        return [self.scaled(image) for image in images], labels, request[1]

    def scaled(self, image: Tensor) -> list[Tensor]:
        """A picture at every scale."""
        return [resize_shorter(image, side, self.interpolation).contiguous() for side in self.scales]

    def blank(self) -> list[Tensor]:
        """A black picture at every scale."""
        return self.scaled(torch.zeros_like(self.pictures.blank()))
