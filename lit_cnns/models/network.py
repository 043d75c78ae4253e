"""What all networks of the lineage share: a chain of named layers that knows what it takes."""

import re
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from torch import Tensor, nn


class Network(nn.Sequential):
    """A chain of layers under the paper's names, so that `net.pool5` can be looked at.

    Args:
        layers: (name, layer) in order.
        num_classes: width of the logits.
        in_channels: channels of the pictures.
        image_size: side of the paper's pictures, in pixels.
        smallest: smallest side that fits; `image_size` unless told.
        largest: largest side that fits; None for any.
    """

    def __init__(
        self,
        layers: Iterable[tuple[str, nn.Module]],
        *,
        num_classes: int,
        in_channels: int,
        image_size: int,
        smallest: int | None = None,
        largest: int | None = None,
    ) -> None:
        super().__init__()
        for name, layer in layers:
            self.add_module(name, layer)
        self.num_classes, self.in_channels, self.image_size = num_classes, in_channels, image_size
        self.smallest, self.largest = smallest or image_size, largest

    @classmethod
    def departure(cls) -> str:
        """What the docstring says that the network does otherwise than its paper; empty where it says nothing."""
        found = re.search(r"Departs from the paper: (.*?)(\n\s*\n|\Z)", cls.__doc__ or "", re.DOTALL)
        return " ".join(found[1].split()) if found else ""

    def forward(self, images: Tensor) -> Tensor:
        self.check(images)
        return super().forward(images)

    def __getitem__(self, index: Any) -> Any:
        """A layer by its place, or a part of the chain: `net[:4]` is a plain `nn.Sequential` under the same names."""
        if isinstance(index, slice):
            return nn.Sequential(OrderedDict(list(self.named_children())[index]))
        return super().__getitem__(index)

    def check(self, images: Tensor) -> None:
        """Raise ValueError with a sentence where the pictures do not fit."""
        name = type(self).__name__
        if images.ndim != 4:
            raise ValueError(
                f"{name} takes a batch of pictures (B, {self.in_channels}, H, W), not {tuple(images.shape)}."
            )
        if images.shape[1] != self.in_channels:
            raise ValueError(
                f"{name} takes pictures of {self.in_channels} channels, not {images.shape[1]}: "
                f"build it with in_channels={images.shape[1]}."
            )
        height, width = images.shape[2:]
        largest = self.largest or max(height, width)
        if min(height, width) < self.smallest or max(height, width) > largest:
            sides = f"{self.smallest} to {self.largest}" if self.largest else f"{self.smallest} and more"
            sides = str(self.smallest) if self.largest == self.smallest else sides
            raise ValueError(f"{name} takes pictures of {sides} pixels a side, not {height} x {width}.")
