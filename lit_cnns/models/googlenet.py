"""GoogLeNet.

C. Szegedy, W. Liu, Y. Jia, P. Sermanet, S. Reed, D. Anguelov, D. Erhan, V. Vanhoucke, A. Rabinovich,
Going Deeper with Convolutions, CVPR 2015 (arXiv 1409.4842).
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lit_cnns.models.alexnet import LocalResponseNorm
from lit_cnns.models.network import Network


class Widths(NamedTuple):
    """The maps of an Inception module's branches; `reduce` is the 1x1 before a 3x3 or 5x5."""

    one: int
    reduce3: int
    three: int
    reduce5: int
    five: int
    pool: int

    @property
    def out(self) -> int:
        return self.one + self.three + self.five + self.pool

    def quarter(self) -> "Widths":
        return Widths(*(width // 4 for width in self))


TABLE_1 = {      # 1x1 r3x3  3x3 r5x5  5x5 pool
    "3a": Widths(   64,  96, 128,  16,  32,  32),
    "3b": Widths(  128, 128, 192,  32,  96,  64),
    "4a": Widths(  192,  96, 208,  16,  48,  64),
    "4b": Widths(  160, 112, 224,  24,  64,  64),
    "4c": Widths(  128, 128, 256,  24,  64,  64),
    "4d": Widths(  112, 144, 288,  32,  64,  64),
    "4e": Widths(  256, 160, 320,  32, 128, 128),
    "5a": Widths(  256, 160, 320,  32, 128, 128),
    "5b": Widths(  384, 192, 384,  48, 128, 128),
}  # fmt: skip


class Inception(nn.Module):
    """Four branches side by side (Figure 2b)."""

    weight_layers = 2  # on the longest way through

    def __init__(self, inputs: int, widths: Widths) -> None:
        super().__init__()
        w = widths
        self.b1, self.relu_b1 = nn.Conv2d(inputs, w.one, 1), nn.ReLU()
        self.b3_reduce, self.relu_b3_reduce = nn.Conv2d(inputs, w.reduce3, 1), nn.ReLU()
        self.b3, self.relu_b3 = nn.Conv2d(w.reduce3, w.three, 3, padding=1), nn.ReLU()
        self.b5_reduce, self.relu_b5_reduce = nn.Conv2d(inputs, w.reduce5, 1), nn.ReLU()
        self.b5, self.relu_b5 = nn.Conv2d(w.reduce5, w.five, 5, padding=2), nn.ReLU()
        self.pool = nn.MaxPool2d(3, 1, padding=1)
        self.pool_proj, self.relu_pool_proj = nn.Conv2d(inputs, w.pool, 1), nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        one = self.relu_b1(self.b1(x))
        three = self.relu_b3(self.b3(self.relu_b3_reduce(self.b3_reduce(x))))
        five = self.relu_b5(self.b5(self.relu_b5_reduce(self.b5_reduce(x))))
        pool = self.relu_pool_proj(self.pool_proj(self.pool(x)))
        return torch.cat([one, three, five, pool], 1)


class AuxiliaryHead(nn.Sequential):
    """A classifier on the side, for the gradient of the layers below it (Section 5)."""

    weight_layers = 0  # not on the way from picture to logits

    def __init__(self, inputs: int, side: int, num_classes: int, maps: int = 128, hidden: int = 1024) -> None:
        super().__init__()
        pooled = max(0, side - 5) // 3 + 1
        self.pool = nn.AvgPool2d(min(5, side), 3)  # inputs x 4 x 4
        self.conv, self.relu = nn.Conv2d(inputs, maps, 1), nn.ReLU()
        self.flatten = nn.Flatten()
        self.fc1, self.relu1 = nn.Linear(maps * pooled * pooled, hidden), nn.ReLU()
        self.drop = nn.Dropout(0.7)
        self.fc2 = nn.Linear(hidden, num_classes)


class WithHeads(Network):
    """A chain with heads on the side; `forward` leaves them out."""

    HEADS = {"inception_4a": "aux1", "inception_4d": "aux2"}  # the layer each head listens to

    def _run(self, images: Tensor, heads: dict[str, str]) -> dict[str, Tensor]:
        self.check(images)
        x, logits = images, {}
        for name, layer in self.named_children():
            if name not in self.HEADS.values():
                x = layer(x)
            if name in heads:
                logits[heads[name]] = self.get_submodule(heads[name])(x)
        return {**logits, "main": x}

    def forward(self, images: Tensor) -> Tensor:
        return self._run(images, {})["main"]

    def all_logits(self, images: Tensor) -> dict[str, Tensor]:
        """The logits of every head that was built: those of `HEADS` at the side, `main` at the end.

        Raises:
            ValueError: pictures of a size that the heads were not built for.
        """
        heads = {after: head for after, head in self.HEADS.items() if hasattr(self, head)}
        if heads and images.shape[2:] != (self.image_size, self.image_size):
            raise ValueError(
                f"The auxiliary heads take pictures of {self.image_size} pixels a side, "
                f"not {images.shape[2]} x {images.shape[3]}; build the network with aux=False for other sizes."
            )
        return self._run(images, heads)


class DepthwiseConv2d(nn.Conv2d):
    """The first half of a separable convolution, `multiplier` kernels a channel; the 1x1 after it is the other."""

    weight_layers = 0  # the two halves are one layer

    def __init__(self, channels: int, multiplier: int, kernel_size: int, stride: int, padding: int) -> None:
        super().__init__(channels, channels * multiplier, kernel_size, stride, padding, groups=channels, bias=False)


def _modules(names: str, inputs: int, table: dict[str, Widths]) -> Iterator[tuple[str, nn.Module]]:
    for name in names.split():
        yield f"inception_{name}", Inception(inputs, table[name])
        inputs = table[name].out


class GoogLeNet(WithHeads):
    """GoogLeNet as published: 5x5 branches, response normalisation, no batch norm, two auxiliary heads.

    Shapes: (B, in_channels, 224, 224) -> (B, num_classes); without heads any side from 32 pixels.
    Parameters: 6,998,552 for 1000 classes, 13,378,280 with both heads; separable 6,991,856 without heads.

    Departs from the paper: the constants and places of the response normalisation, which it only draws, are those of
    BVLC's replication; pools of stride 2 round up.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the pictures.
        aux: build the auxiliary heads, which training alone needs.
        separable: conv1 as the parameter column of Table 1 has it, against the text: a separable convolution.
    """

    def __init__(
        self, num_classes: int = 1000, in_channels: int = 3, aux: bool = True, separable: bool = False
    ) -> None:
        t = TABLE_1
        conv1: list[tuple[str, nn.Module]] = [("conv1", nn.Conv2d(in_channels, 64, 7, stride=2, padding=3))]
        if separable:
            depthwise = DepthwiseConv2d(in_channels, 8, 7, stride=2, padding=3)
            conv1 = [("conv1_dw", depthwise), ("conv1", nn.Conv2d(8 * in_channels, 64, 1))]
        super().__init__(
            [
                *conv1,  # 64 x 112 x 112
                ("relu1", nn.ReLU()),
                ("pool1", nn.MaxPool2d(3, 2, ceil_mode=True)),  # 64 x 56 x 56
                ("norm1", LocalResponseNorm(5, k=1.0)),
                ("conv2_reduce", nn.Conv2d(64, 64, 1)),
                ("relu2_reduce", nn.ReLU()),
                ("conv2", nn.Conv2d(64, 192, 3, padding=1)),  # 192 x 56 x 56
                ("relu2", nn.ReLU()),
                ("norm2", LocalResponseNorm(5, k=1.0)),
                ("pool2", nn.MaxPool2d(3, 2, ceil_mode=True)),  # 192 x 28 x 28
                *_modules("3a 3b", 192, t),
                ("pool3", nn.MaxPool2d(3, 2, ceil_mode=True)),  # 480 x 14 x 14
                *_modules("4a 4b 4c 4d 4e", t["3b"].out, t),
                ("pool4", nn.MaxPool2d(3, 2, ceil_mode=True)),  # 832 x 7 x 7
                *_modules("5a 5b", t["4e"].out, t),
                ("pool5", nn.AdaptiveAvgPool2d(1)),  # 1024 x 1 x 1, of 7 x 7 at 224 pixels
                ("drop", nn.Dropout(0.4)),
                ("flatten", nn.Flatten()),
                ("fc", nn.Linear(t["5b"].out, num_classes)),
            ],
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=224,
            smallest=32,
        )
        if aux:
            self.aux1 = AuxiliaryHead(t["4a"].out, 14, num_classes)
            self.aux2 = AuxiliaryHead(t["4d"].out, 14, num_classes)


class GoogLeNetSmall(WithHeads):
    """An adaptation for 32-pixel pictures, not in the paper: the nine modules and two heads at a quarter of the width.

    Shapes: (B, in_channels, image_size, image_size) -> (B, num_classes); without heads any side from 8 pixels.
    Parameters: 377,830 for ten classes, 457,402 with both heads.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the pictures.
        aux: build the auxiliary heads.
        image_size: side of the pictures; the heads are built for it, and average all there is below 20.
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 3, aux: bool = True, image_size: int = 32) -> None:
        if image_size < 8:
            raise ValueError(f"GoogLeNetSmall takes pictures of 8 and more pixels a side, not {image_size}.")
        t = {name: widths.quarter() for name, widths in TABLE_1.items()}
        super().__init__(
            [
                ("conv1", nn.Conv2d(in_channels, 32, 3, padding=1)),  # 32 x 32 x 32
                ("relu1", nn.ReLU()),
                ("pool1", nn.MaxPool2d(3, 2, ceil_mode=True)),  # 32 x 16 x 16
                ("norm1", LocalResponseNorm(5, k=1.0)),
                ("conv2_reduce", nn.Conv2d(32, 16, 1)),
                ("relu2_reduce", nn.ReLU()),
                ("conv2", nn.Conv2d(16, 48, 3, padding=1)),  # 48 x 16 x 16
                ("relu2", nn.ReLU()),
                ("norm2", LocalResponseNorm(5, k=1.0)),
                *_modules("3a 3b", 48, t),
                ("pool3", nn.MaxPool2d(3, 2, ceil_mode=True)),  # 120 x 8 x 8
                *_modules("4a 4b 4c 4d 4e", t["3b"].out, t),
                ("pool4", nn.MaxPool2d(3, 2, ceil_mode=True)),  # 208 x 4 x 4
                *_modules("5a 5b", t["4e"].out, t),
                ("pool5", nn.AdaptiveAvgPool2d(1)),  # 256 x 1 x 1
                ("drop", nn.Dropout(0.4)),
                ("flatten", nn.Flatten()),
                ("fc", nn.Linear(t["5b"].out, num_classes)),
            ],
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=image_size,
            smallest=8,
        )
        if aux:
            side = image_size // 4  # after pool1 and pool3
            self.aux1 = AuxiliaryHead(t["4a"].out, side, num_classes, maps=32, hidden=256)
            self.aux2 = AuxiliaryHead(t["4d"].out, side, num_classes, maps=32, hidden=256)
