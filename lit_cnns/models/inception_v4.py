"""Inception v4.

C. Szegedy, S. Ioffe, V. Vanhoucke, A. Alemi,
Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning, AAAI 2017 (arXiv 1602.07261).
"""

import torch
from torch import Tensor, nn

from lit_cnns.models.inception_v2 import ConvBN
from lit_cnns.models.inception_v3 import TALL, TALL_3, WIDE, WIDE_3, average_pool
from lit_cnns.models.inception_v3 import InceptionB as Reduction
from lit_cnns.models.network import Network


class Stem(nn.Module):
    """From 299 to 35 pixels, forking three times (Figure 3)."""

    weight_layers = 9  # on the longest way through

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.conv1 = ConvBN(in_channels, 32, 3, stride=2)  # 32 x 149 x 149
        self.conv2 = ConvBN(32, 32, 3)  # 32 x 147 x 147
        self.conv3 = ConvBN(32, 64, 3, padding=1)  # 64 x 147 x 147
        self.pool1, self.conv4 = nn.MaxPool2d(3, 2), ConvBN(64, 96, 3, stride=2)  # 160 x 73 x 73
        self.s1_reduce, self.s1 = ConvBN(160, 64, 1), ConvBN(64, 96, 3)
        self.s2_reduce, self.s2_1 = ConvBN(160, 64, 1), ConvBN(64, 64, **WIDE)
        self.s2_2, self.s2 = ConvBN(64, 64, **TALL), ConvBN(64, 96, 3)  # 192 x 71 x 71
        self.conv5, self.pool2 = ConvBN(192, 192, 3, stride=2), nn.MaxPool2d(3, 2)  # 384 x 35 x 35

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv3(self.conv2(self.conv1(x)))
        x = torch.cat([self.pool1(x), self.conv4(x)], 1)
        x = torch.cat([self.s1(self.s1_reduce(x)), self.s2(self.s2_2(self.s2_1(self.s2_reduce(x))))], 1)
        return torch.cat([self.conv5(x), self.pool2(x)], 1)


class InceptionA(nn.Module):
    """Figure 4, on maps of 35 pixels."""

    weight_layers = 3

    def __init__(self, inputs: int = 384) -> None:
        super().__init__()
        self.b1 = ConvBN(inputs, 96, 1)
        self.b3_reduce, self.b3 = ConvBN(inputs, 64, 1), ConvBN(64, 96, 3, padding=1)
        self.d3_reduce = ConvBN(inputs, 64, 1)
        self.d3_1, self.d3_2 = ConvBN(64, 96, 3, padding=1), ConvBN(96, 96, 3, padding=1)
        self.pool, self.pool_proj = average_pool(count_padding=False), ConvBN(inputs, 96, 1)

    def forward(self, x: Tensor) -> Tensor:
        double = self.d3_2(self.d3_1(self.d3_reduce(x)))
        return torch.cat([self.b1(x), self.b3(self.b3_reduce(x)), double, self.pool_proj(self.pool(x))], 1)


class ReductionA(Reduction):
    """Shrinks the map from 35 to 17 pixels: that of v3, with the maps k, l, m and n of Table 1 (Figure 7)."""


class InceptionB(nn.Module):
    """Figure 5, on maps of 17 pixels."""

    weight_layers = 5

    def __init__(self, inputs: int = 1024) -> None:
        super().__init__()
        self.b1 = ConvBN(inputs, 384, 1)
        self.b7_reduce = ConvBN(inputs, 192, 1)
        self.b7_1, self.b7_2 = ConvBN(192, 224, **WIDE), ConvBN(224, 256, **TALL)
        self.d7_reduce = ConvBN(inputs, 192, 1)
        self.d7_1, self.d7_2 = ConvBN(192, 192, **TALL), ConvBN(192, 224, **WIDE)
        self.d7_3, self.d7_4 = ConvBN(224, 224, **TALL), ConvBN(224, 256, **WIDE)
        self.pool, self.pool_proj = average_pool(count_padding=False), ConvBN(inputs, 128, 1)

    def forward(self, x: Tensor) -> Tensor:
        once = self.b7_2(self.b7_1(self.b7_reduce(x)))
        twice = self.d7_4(self.d7_3(self.d7_2(self.d7_1(self.d7_reduce(x)))))
        return torch.cat([self.b1(x), once, twice, self.pool_proj(self.pool(x))], 1)


class ReductionB(nn.Module):
    """Shrinks the map from 17 to 8 pixels (Figure 8)."""

    weight_layers = 4

    def __init__(self, inputs: int = 1024) -> None:
        super().__init__()
        self.b3_reduce, self.b3 = ConvBN(inputs, 192, 1), ConvBN(192, 192, 3, stride=2)
        self.b7_reduce, self.b7_1 = ConvBN(inputs, 256, 1), ConvBN(256, 256, **WIDE)
        self.b7_2, self.b7_3 = ConvBN(256, 320, **TALL), ConvBN(320, 320, 3, stride=2)
        self.pool = nn.MaxPool2d(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        seven = self.b7_3(self.b7_2(self.b7_1(self.b7_reduce(x))))
        return torch.cat([self.b3(self.b3_reduce(x)), seven, self.pool(x)], 1)


class InceptionC(nn.Module):
    """Figure 6, on maps of 8 pixels."""

    weight_layers = 4

    def __init__(self, inputs: int = 1536) -> None:
        super().__init__()
        self.b1 = ConvBN(inputs, 256, 1)
        self.b3_reduce = ConvBN(inputs, 384, 1)
        self.b3_a, self.b3_b = ConvBN(384, 256, **WIDE_3), ConvBN(384, 256, **TALL_3)
        self.d3_reduce = ConvBN(inputs, 384, 1)
        self.d3_1, self.d3_2 = ConvBN(384, 448, **TALL_3), ConvBN(448, 512, **WIDE_3)
        self.d3_a, self.d3_b = ConvBN(512, 256, **WIDE_3), ConvBN(512, 256, **TALL_3)
        self.pool, self.pool_proj = average_pool(count_padding=False), ConvBN(inputs, 256, 1)

    def forward(self, x: Tensor) -> Tensor:
        three, double = self.b3_reduce(x), self.d3_2(self.d3_1(self.d3_reduce(x)))
        spread = [self.b3_a(three), self.b3_b(three), self.d3_a(double), self.d3_b(double)]
        return torch.cat([self.b1(x), *spread, self.pool_proj(self.pool(x))], 1)


class InceptionV4(Network):
    """Inception v4: the modules of v3 made regular, four, seven and three of a kind (Figure 9).

    Shapes: (B, in_channels, 299, 299) -> (B, num_classes); any side from 75 pixels.
    Parameters: 42,679,816 for 1000 classes.

    Departs from the paper: the order of 1x7 and 7x1, and of the branches, is that of the released code, whose weights
    fit then; it changes neither sizes nor counts. The auxiliary head that this code builds on the last 17 pixels is
    left out, as no figure shows it; batch norm averages its statistics by 0.1 a step, where that code takes 0.0003.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the pictures.
    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3) -> None:
        super().__init__(
            [
                ("stem", Stem(in_channels)),  # 384 x 35 x 35
                *((f"inception_a_{place}", InceptionA()) for place in range(1, 5)),
                ("reduction_a", ReductionA(384, k=192, l=224, m=256, n=384)),  # 1024 x 17 x 17
                *((f"inception_b_{place}", InceptionB()) for place in range(1, 8)),
                ("reduction_b", ReductionB()),  # 1536 x 8 x 8
                *((f"inception_c_{place}", InceptionC()) for place in range(1, 4)),
                ("gap", nn.AdaptiveAvgPool2d(1)),
                ("drop", nn.Dropout(0.2)),
                ("flatten", nn.Flatten()),
                ("fc", nn.Linear(1536, num_classes)),
            ],
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=299,
            smallest=75,
        )
