"""Inception v3.

C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna, Rethinking the Inception Architecture for Computer Vision,
CVPR 2016 (arXiv 1512.00567).
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from lit_cnns.models.googlenet import WithHeads
from lit_cnns.models.inception_v2 import ConvBN, conv_bn

# a 7x7 or 3x3 in two steps
WIDE: dict[str, Any] = {"kernel": (1, 7), "padding": (0, 3)}
TALL: dict[str, Any] = {"kernel": (7, 1), "padding": (3, 0)}
WIDE_3: dict[str, Any] = {"kernel": (1, 3), "padding": (0, 1)}
TALL_3: dict[str, Any] = {"kernel": (3, 1), "padding": (1, 0)}


def average_pool(count_padding: bool) -> nn.AvgPool2d:
    return nn.AvgPool2d(3, 1, padding=1, count_include_pad=count_padding)


class InceptionA(nn.Module):
    """A 5x5 beside two 3x3, on maps of 35 pixels; Figure 5 has two 3x3 in place of each 5x5."""

    weight_layers = 3  # on the longest way through

    def __init__(self, inputs: int, pool: int, one: int = 64, count_padding: bool = False) -> None:
        super().__init__()
        self.b1 = ConvBN(inputs, one, 1)
        self.b5_reduce, self.b5 = ConvBN(inputs, 48, 1), ConvBN(48, 64, 5, padding=2)
        self.d3_reduce = ConvBN(inputs, 64, 1)
        self.d3_1, self.d3_2 = ConvBN(64, 96, 3, padding=1), ConvBN(96, 96, 3, padding=1)
        self.pool, self.pool_proj = average_pool(count_padding), ConvBN(inputs, pool, 1)

    def forward(self, x: Tensor) -> Tensor:
        double = self.d3_2(self.d3_1(self.d3_reduce(x)))
        return torch.cat([self.b1(x), self.b5(self.b5_reduce(x)), double, self.pool_proj(self.pool(x))], 1)


class InceptionB(nn.Module):
    """Shrinks the map from 35 to 17 pixels (Figure 10): a 1x1 of k maps and two 3x3 of l and m beside a 3x3 of n."""

    weight_layers = 3

    def __init__(self, inputs: int, k: int = 64, l: int = 96, m: int = 96, n: int = 384) -> None:
        super().__init__()
        self.b3 = ConvBN(inputs, n, 3, stride=2)
        self.d3_reduce = ConvBN(inputs, k, 1)
        self.d3_1, self.d3_2 = ConvBN(k, l, 3, padding=1), ConvBN(l, m, 3, stride=2)
        self.pool = nn.MaxPool2d(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.b3(x), self.d3_2(self.d3_1(self.d3_reduce(x))), self.pool(x)], 1)


class InceptionC(nn.Module):
    """1x7 and 7x1 in place of 7x7, once and twice (Figure 6), on maps of 17 pixels."""

    weight_layers = 5

    def __init__(self, inputs: int, width: int, count_padding: bool = False) -> None:
        super().__init__()
        w = width
        self.b1 = ConvBN(inputs, 192, 1)
        self.b7_reduce, self.b7_1, self.b7_2 = ConvBN(inputs, w, 1), ConvBN(w, w, **WIDE), ConvBN(w, 192, **TALL)
        self.d7_reduce = ConvBN(inputs, w, 1)
        self.d7_1, self.d7_2 = ConvBN(w, w, **TALL), ConvBN(w, w, **WIDE)
        self.d7_3, self.d7_4 = ConvBN(w, w, **TALL), ConvBN(w, 192, **WIDE)
        self.pool, self.pool_proj = average_pool(count_padding), ConvBN(inputs, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        once = self.b7_2(self.b7_1(self.b7_reduce(x)))
        twice = self.d7_4(self.d7_3(self.d7_2(self.d7_1(self.d7_reduce(x)))))
        return torch.cat([self.b1(x), once, twice, self.pool_proj(self.pool(x))], 1)


class InceptionD(nn.Module):
    """Shrinks the map from 17 to 8 pixels."""

    weight_layers = 4

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.b3_reduce, self.b3 = ConvBN(inputs, 192, 1), ConvBN(192, 320, 3, stride=2)
        self.b7_reduce, self.b7_1 = ConvBN(inputs, 192, 1), ConvBN(192, 192, **WIDE)
        self.b7_2, self.b7_3 = ConvBN(192, 192, **TALL), ConvBN(192, 192, 3, stride=2)
        self.pool = nn.MaxPool2d(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        seven = self.b7_3(self.b7_2(self.b7_1(self.b7_reduce(x))))
        return torch.cat([self.b3(self.b3_reduce(x)), seven, self.pool(x)], 1)


class InceptionE(nn.Module):
    """1x3 and 3x1 beside each other (Figure 7), on maps of 8 pixels."""

    weight_layers = 3

    def __init__(self, inputs: int, count_padding: bool = False) -> None:
        super().__init__()
        self.b1 = ConvBN(inputs, 320, 1)
        self.b3_reduce = ConvBN(inputs, 384, 1)
        self.b3_a, self.b3_b = ConvBN(384, 384, **WIDE_3), ConvBN(384, 384, **TALL_3)
        self.d3_reduce, self.d3 = ConvBN(inputs, 448, 1), ConvBN(448, 384, 3, padding=1)
        self.d3_a, self.d3_b = ConvBN(384, 384, **WIDE_3), ConvBN(384, 384, **TALL_3)
        self.pool, self.pool_proj = average_pool(count_padding), ConvBN(inputs, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        three, double = self.b3_reduce(x), self.d3(self.d3_reduce(x))
        spread = [self.b3_a(three), self.b3_b(three), self.d3_a(double), self.d3_b(double)]
        return torch.cat([self.b1(x), *spread, self.pool_proj(self.pool(x))], 1)


def stem(in_channels: int) -> Iterator[tuple[str, nn.Module]]:
    """The first five convolutions, from 299 to 35 pixels."""
    yield from conv_bn("1", in_channels, 32, 3, stride=2)  # 32 x 149 x 149
    yield from conv_bn("2", 32, 32, 3)  # 32 x 147 x 147
    yield from conv_bn("3", 32, 64, 3, padding=1)  # 64 x 147 x 147
    yield "pool1", nn.MaxPool2d(3, 2)  # 64 x 73 x 73
    yield from conv_bn("4", 64, 80, 1)  # 80 x 73 x 73
    yield from conv_bn("5", 80, 192, 3)  # 192 x 71 x 71
    yield "pool2", nn.MaxPool2d(3, 2)  # 192 x 35 x 35


class AuxiliaryHead(nn.Sequential):
    """A classifier on the side with batch norm, which the paper sees as a regulariser (Section 4)."""

    weight_layers = 0  # not on the way from picture to logits

    def __init__(self, inputs: int, num_classes: int) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(5, 3)  # 768 x 5 x 5
        for name, layer in [*conv_bn("1", inputs, 128, 1), *conv_bn("2", 128, 768, 5)]:  # 768 x 1 x 1
            self.add_module(name, layer)
        self.gap, self.flatten = nn.AdaptiveAvgPool2d(1), nn.Flatten()
        self.fc = nn.Linear(768, num_classes)


class InceptionV3(WithHeads):
    """Inception v3 as released: convolutions factored, one auxiliary head with batch norm.

    Shapes: (B, in_channels, 299, 299) -> (B, num_classes); without the head any side from 75 pixels.
    Parameters for 1000 classes: 23,834,568; 27,161,264 with the head.

    Departs from the paper: its Table 1 has another stem and 42 layers, and its Figure 5 no 5x5; this is the network
    whose weights and errors were published, of 48. Batch norm has a scale (gamma), which the released code leaves out
    (17,216 parameters), and averages its statistics by PyTorch's 0.1 a step, where that code takes 0.0003, which short
    runs would not survive.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the pictures.
        aux: build the auxiliary head, which training alone needs.
        count_padding: average pools divide by 9 at the border too, as in torchvision; TensorFlow, where the published
            network was trained, leaves the padding out.
    """

    HEADS = {"mixed_6e": "aux"}

    def __init__(
        self, num_classes: int = 1000, in_channels: int = 3, aux: bool = True, count_padding: bool = False
    ) -> None:
        cp = count_padding
        super().__init__(
            [
                *stem(in_channels),
                ("mixed_5b", InceptionA(192, pool=32, count_padding=cp)),  # 256 x 35 x 35
                ("mixed_5c", InceptionA(256, pool=64, count_padding=cp)),  # 288 x 35 x 35
                ("mixed_5d", InceptionA(288, pool=64, count_padding=cp)),
                ("mixed_6a", InceptionB(288)),  # 768 x 17 x 17
                ("mixed_6b", InceptionC(768, 128, cp)),
                ("mixed_6c", InceptionC(768, 160, cp)),
                ("mixed_6d", InceptionC(768, 160, cp)),
                ("mixed_6e", InceptionC(768, 192, cp)),
                ("mixed_7a", InceptionD(768)),  # 1280 x 8 x 8
                ("mixed_7b", InceptionE(1280, cp)),  # 2048 x 8 x 8
                ("mixed_7c", InceptionE(2048, cp)),
                ("gap", nn.AdaptiveAvgPool2d(1)),
                ("drop", nn.Dropout(0.2)),
                ("flatten", nn.Flatten()),
                ("fc", nn.Linear(2048, num_classes)),
            ],
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=299,
            smallest=75,
        )
        if aux:
            self.aux = AuxiliaryHead(768, num_classes)
