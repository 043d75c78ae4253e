"""The views of a batch of pictures, cut on the device when they are asked for, and the mean of what is seen in them."""

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from lit_cnns.evaluation.counts import in_float64
from lit_cnns.evaluation.protocols import Protocol, windows


class Views:
    """The views of a batch of pictures under a protocol.

    Iterating gives (images, owners): images (n, C, h, w) as the network takes them, of one size, and the place in the
    batch of the picture each is of, (n,). No more are laid out at once than plain evaluation would hold.

    Args:
        pictures: for each picture of the batch its scaled versions, uint8 (C, H, W) each.
        protocol: which views; its `sides` are the scales of the pictures.
        side: of the network's crop.
        finish: from uint8 (n, C, h, w) to the network's input.
        at_once: how many crops to lay out at a time, or pixels of that many in a dense protocol.
        interpolation: how a "whole" square is scaled down.
    """

    def __init__(
        self,
        pictures: list[list[Tensor]],
        protocol: Protocol,
        side: int,
        finish: Callable[[Tensor], Tensor],
        at_once: int = 128,
        interpolation: str = "bilinear",
    ) -> None:
        self.pictures, self.protocol, self.side, self.finish = pictures, protocol, side, finish
        self.at_once, self.interpolation = at_once, interpolation

    def __len__(self) -> int:
        """How many pictures."""
        return len(self.pictures)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        sizes: dict[torch.Size, list[tuple[int, Tensor]]] = {}
        for owner, scaled in enumerate(self.pictures):
            for picture in scaled:
                for view in self.cut(picture):
                    sizes.setdefault(view.shape, []).append((owner, view))
        for (_, height, width), views in sizes.items():
            count = max(1, self.at_once * self.side**2 // (height * width))
            for start in range(0, len(views), count):
                part = views[start : start + count]
                images = torch.stack([view for _, view in part])
                owners = torch.tensor([owner for owner, _ in part], device=images.device)
                yield self.finish(images), owners
                if self.protocol.mirror:
                    yield self.finish(images.flip(-1)), owners

    def blank(self) -> Tensor:
        """A black crop as the network takes it, (1, C, S, S)."""
        picture = self.pictures[0][0]
        return self.finish(picture.new_zeros(1, picture.shape[0], self.side, self.side))

    def cut(self, picture: Tensor) -> list[Tensor]:
        """The views of one scaled picture, uint8 (C, side, side) each, not mirrored; all of it in a dense protocol."""
        if self.protocol.dense:
            return [picture]
        found = []
        for top, left, side in windows(picture.shape[1], picture.shape[2], self.side, self.protocol):
            view = picture[:, top : top + side, left : left + side]
            found.append(view if side == self.side else self._shrunk(view))
        return found

    def _shrunk(self, view: Tensor) -> Tensor:
        # as fractions, because accelerators do not scale bytes
        smooth = self.interpolation != "nearest"
        size, corners = (self.side, self.side), False if smooth else None
        scaled = F.interpolate(
            view[None].float(), size, mode=self.interpolation, antialias=smooth, align_corners=corners
        )
        return scaled[0].round().clamp(0, 255).to(torch.uint8)


def mean_probabilities(network: Callable[[Tensor], Tensor], views: Views) -> Tensor:
    """The softmax averaged over the views of each picture, float64 (B, K).

    Args:
        network: from images (n, C, h, w) to logits (n, K).
        views: of a batch of B pictures.
    """
    total = torch.empty(0)
    for images, owners in views:
        probabilities = torch.softmax(in_float64(network(images)), dim=1)
        if not len(total):
            total = probabilities.new_zeros(len(views), probabilities.shape[1])
        total.index_add_(0, owners.to(total.device), probabilities)
    return total / total.sum(1, keepdim=True)
