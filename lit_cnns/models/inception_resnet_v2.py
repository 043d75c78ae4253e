"""Inception-ResNet v2.

C. Szegedy, S. Ioffe, V. Vanhoucke, A. Alemi,
Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning, AAAI 2017 (arXiv 1602.07261).
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lit_cnns.models.inception_v2 import ConvBN, conv_bn
from lit_cnns.models.inception_v3 import TALL, TALL_3, WIDE, WIDE_3, stem
from lit_cnns.models.inception_v3 import InceptionA as Mixed5b
from lit_cnns.models.inception_v4 import ReductionA, Stem
from lit_cnns.models.network import Network


class Residual(nn.Module):
    """relu(x + scale * linear(branches)): what the three blocks share (Figure 20).

    Args:
        scale: what the branches are multiplied by, so that training stays stable (Section 3.3).
        last: no relu after the sum.
    """

    weight_layers = 4  # on the longest way through
    linear: nn.Conv2d

    def __init__(self, scale: float, last: bool = False) -> None:
        super().__init__()
        self.scale, self.relu = scale, nn.Identity() if last else nn.ReLU()

    def branches(self, x: Tensor) -> list[Tensor]:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(x + self.scale * self.linear(torch.cat(self.branches(x), 1)))


class BlockA(Residual):
    """Figure 16, on maps of 35 pixels."""

    def __init__(self, inputs: int, scale: float) -> None:
        super().__init__(scale)
        self.b1 = ConvBN(inputs, 32, 1)
        self.b3_reduce, self.b3 = ConvBN(inputs, 32, 1), ConvBN(32, 32, 3, padding=1)
        self.d3_reduce = ConvBN(inputs, 32, 1)
        self.d3_1, self.d3_2 = ConvBN(32, 48, 3, padding=1), ConvBN(48, 64, 3, padding=1)
        self.linear = nn.Conv2d(32 + 32 + 64, inputs, 1)

    def branches(self, x: Tensor) -> list[Tensor]:
        return [self.b1(x), self.b3(self.b3_reduce(x)), self.d3_2(self.d3_1(self.d3_reduce(x)))]


class BlockB(Residual):
    """Figure 17, on maps of 17 pixels."""

    def __init__(self, inputs: int, scale: float) -> None:
        super().__init__(scale)
        self.b1 = ConvBN(inputs, 192, 1)
        self.b7_reduce = ConvBN(inputs, 128, 1)
        self.b7_1, self.b7_2 = ConvBN(128, 160, **WIDE), ConvBN(160, 192, **TALL)
        self.linear = nn.Conv2d(192 + 192, inputs, 1)

    def branches(self, x: Tensor) -> list[Tensor]:
        return [self.b1(x), self.b7_2(self.b7_1(self.b7_reduce(x)))]


class BlockC(Residual):
    """Figure 19, on maps of 8 pixels."""

    def __init__(self, inputs: int, scale: float, last: bool = False) -> None:
        super().__init__(scale, last)
        self.b1 = ConvBN(inputs, 192, 1)
        self.b3_reduce = ConvBN(inputs, 192, 1)
        self.b3_1, self.b3_2 = ConvBN(192, 224, **WIDE_3), ConvBN(224, 256, **TALL_3)
        self.linear = nn.Conv2d(192 + 256, inputs, 1)

    def branches(self, x: Tensor) -> list[Tensor]:
        return [self.b1(x), self.b3_2(self.b3_1(self.b3_reduce(x)))]


class ReductionB(nn.Module):
    """Shrinks the map from 17 to 8 pixels (Figure 18)."""

    weight_layers = 3

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.b3_reduce, self.b3 = ConvBN(inputs, 256, 1), ConvBN(256, 384, 3, stride=2)
        self.c3_reduce, self.c3 = ConvBN(inputs, 256, 1), ConvBN(256, 288, 3, stride=2)
        self.d3_reduce = ConvBN(inputs, 256, 1)
        self.d3_1, self.d3_2 = ConvBN(256, 288, 3, padding=1), ConvBN(288, 320, 3, stride=2)
        self.pool = nn.MaxPool2d(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        double = self.d3_2(self.d3_1(self.d3_reduce(x)))
        return torch.cat([self.b3(self.b3_reduce(x)), self.c3(self.c3_reduce(x)), double, self.pool(x)], 1)


class Plan(NamedTuple):
    """Maps, blocks and scales of the three resolutions: 35, 17 and 8 pixels."""

    maps: tuple[int, int, int]
    blocks: tuple[int, int, int]
    scales: tuple[float, float, float]


VARIANTS = {  #       maps               blocks        scales
    "released": Plan((320, 1088, 2080), (10, 20, 10), (0.17, 0.10, 0.20)),
    "paper": Plan(   (384, 1152, 2144), (5, 10, 5),   (0.10, 0.10, 0.10)),  # Figure 15; of its 0.1 to 0.3 the least
}  # fmt: skip


class InceptionResNetV2(Network):
    """Inception modules with a way around them, their sums scaled down.

    Shapes: (B, in_channels, 299, 299) -> (B, num_classes); any side from 75 pixels.
    Parameters for 1000 classes: "released" 55,843,464; "paper" 32,433,928.

    Departs from the paper: "released" is the network that its authors published, with v3's stem, twice as many blocks
    and one convolution more before the classifier; its last block is neither scaled nor followed by a relu. "paper" is
    the one drawn, its linear layers as wide as the sums need (1152 and 2144, where 1154 and 2048 are drawn). The
    auxiliary head that the published code builds on the last 17 pixels is left out, as no figure shows it; batch norm
    averages its statistics by 0.1 a step, where that code takes 0.0003.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the pictures.
        variant: "released" or "paper".
    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, variant: str = "released") -> None:
        if variant not in VARIANTS:
            raise ValueError(f"Inception-ResNet v2 has variants {[*VARIANTS]}, not {variant!r}.")
        (a, b, c), counts, scales = VARIANTS[variant]
        released = variant == "released"

        def beginning() -> Iterator[tuple[str, nn.Module]]:
            if released:
                yield from stem(in_channels)
                yield "mixed_5b", Mixed5b(192, pool=64, one=96)  # 320 x 35 x 35
            else:
                yield "stem", Stem(in_channels)  # 384 x 35 x 35

        def blocks_c() -> Iterator[tuple[str, nn.Module]]:
            for place in range(1, counts[2] + 1):
                last = released and place == counts[2]
                yield f"block_c_{place}", BlockC(c, 1.0 if last else scales[2], last)

        width = 1536 if released else c
        super().__init__(
            [
                *beginning(),
                *((f"block_a_{place}", BlockA(a, scales[0])) for place in range(1, counts[0] + 1)),
                ("reduction_a", ReductionA(a, k=256, l=256, m=384, n=384)),  # 1088 or 1152 x 17 x 17
                *((f"block_b_{place}", BlockB(b, scales[1])) for place in range(1, counts[1] + 1)),
                ("reduction_b", ReductionB(b)),  # 2080 or 2144 x 8 x 8
                *blocks_c(),
                *(conv_bn("_final", c, width, 1) if released else ()),  # 1536 x 8 x 8
                ("gap", nn.AdaptiveAvgPool2d(1)),
                ("drop", nn.Dropout(0.2)),
                ("flatten", nn.Flatten()),
                ("fc", nn.Linear(width, num_classes)),
            ],
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=299,
            smallest=75,
        )
