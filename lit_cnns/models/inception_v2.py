"""Inception v2: GoogLeNet with batch normalisation, and two 3x3 convolutions for each 5x5.

S. Ioffe, C. Szegedy, Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift,
ICML 2015 (arXiv 1502.03167).
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lit_cnns.models.googlenet import DepthwiseConv2d
from lit_cnns.models.network import Network

EPSILON = 1e-3  # of every batch norm, as in Google's released code; the paper prints none


class ConvBN(nn.Sequential):
    """A convolution, its batch norm and its relu, as one part of a module."""

    def __init__(self, inputs: int, maps: int, kernel: Any, stride: int = 1, padding: Any = 0, bias: bool = False):
        super().__init__()
        self.conv = nn.Conv2d(inputs, maps, kernel, stride, padding, bias=bias)
        self.bn, self.relu = nn.BatchNorm2d(maps, eps=EPSILON), nn.ReLU()


def conv_bn(
    name: str, inputs: int, maps: int, kernel: int, stride: int = 1, padding: int = 0, bias: bool = False
) -> Iterator[tuple[str, nn.Module]]:
    """The same three as layers of a chain: `conv1`, `bn1`, `relu1` for the name "1"."""
    yield f"conv{name}", nn.Conv2d(inputs, maps, kernel, stride, padding, bias=bias)
    yield f"bn{name}", nn.BatchNorm2d(maps, eps=EPSILON)
    yield f"relu{name}", nn.ReLU()


class Widths(NamedTuple):
    """The maps of a module's branches; without `one` and `pool` it shrinks the map."""

    one: int
    reduce3: int
    three: int
    reduced: int
    double: int
    pool: int
    pooling: str

    def out(self, inputs: int) -> int:
        return self.one + self.three + self.double + (self.pool if self.one else inputs)


TABLE = {        # 1x1 r3x3  3x3 rd33  d33 proj pooling (Appendix)
    "3a": Widths(   64,  64,  64,  64,  96,  32, "avg"),
    "3b": Widths(   64,  64,  96,  64,  96,  64, "avg"),
    "3c": Widths(    0, 128, 160,  64,  96,   0, "max"),  # stride 2
    "4a": Widths(  224,  64,  96,  96, 128, 128, "avg"),
    "4b": Widths(  192,  96, 128,  96, 128, 128, "avg"),
    "4c": Widths(  160, 128, 160, 128, 160,  96, "avg"),
    "4d": Widths(   96, 128, 192, 160, 192,  96, "avg"),
    "4e": Widths(    0, 128, 192, 192, 256,   0, "max"),  # stride 2
    "5a": Widths(  352, 192, 320, 160, 224, 128, "avg"),
    "5b": Widths(  352, 192, 320, 192, 224, 128, "max"),
}  # fmt: skip
AS_PRINTED = {name: TABLE[name]._replace(pool=128) for name in ("4c", "4d")}
VARIANTS = {  #       modules that differ, biases before batch norm, separable conv1
    "released": (     {},                  False,                    False),
    "separable": (    {},                  False,                    True),
    "table": (        AS_PRINTED,          True,                     False),
}  # fmt: skip


class InceptionBN(nn.Module):
    """Four branches side by side, or three that shrink the map."""

    weight_layers = 3  # on the longest way through

    def __init__(self, inputs: int, widths: Widths, bias: bool, count_padding: bool) -> None:
        super().__init__()
        w, stride = widths, 1 if widths.one else 2
        if w.one:
            self.b1 = ConvBN(inputs, w.one, 1, bias=bias)
        self.b3_reduce = ConvBN(inputs, w.reduce3, 1, bias=bias)
        self.b3 = ConvBN(w.reduce3, w.three, 3, stride, padding=1, bias=bias)
        self.d3_reduce = ConvBN(inputs, w.reduced, 1, bias=bias)
        self.d3_1 = ConvBN(w.reduced, w.double, 3, padding=1, bias=bias)
        self.d3_2 = ConvBN(w.double, w.double, 3, stride, padding=1, bias=bias)
        if not w.one:
            self.pool: nn.Module = nn.MaxPool2d(3, 2, ceil_mode=True)
            return
        average = nn.AvgPool2d(3, 1, padding=1, count_include_pad=count_padding)
        self.pool = average if w.pooling == "avg" else nn.MaxPool2d(3, 1, padding=1)
        self.pool_proj = ConvBN(inputs, w.pool, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        three, double = self.b3(self.b3_reduce(x)), self.d3_2(self.d3_1(self.d3_reduce(x)))
        if not hasattr(self, "b1"):
            return torch.cat([three, double, self.pool(x)], 1)
        return torch.cat([self.b1(x), three, double, self.pool_proj(self.pool(x))], 1)


class InceptionV2(Network):
    """BN-Inception: batch norm between every convolution and its relu, no response normalisation, no dropout.

    Shapes: (B, in_channels, 224, 224) -> (B, num_classes); any side from 32 pixels.
    Parameters for 1000 classes: "released" 11,194,984; "separable" 11,188,288; "table" 11,295,240.

    Departs from the paper: its table prints 128 maps for the pool projections of 4c and 4d, which do not add up to its
    own output sizes; "released" and "separable" have 96, as Google's code. "table" keeps 128, and biases before batch
    norm, for weights that came by way of Caffe. Its first convolution is separable, and so is that of Google's network,
    which is "separable" here; "released", which has its widths, and "table" have it full.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the pictures.
        variant: "released", "separable" (in conv1) or "table".
        count_padding: average pools divide by 9 at the border too, as Caffe's and torchvision's do.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        variant: str = "released",
        count_padding: bool = False,
    ) -> None:
        if variant not in VARIANTS:
            raise ValueError(f"Inception v2 has variants {[*VARIANTS]}, not {variant!r}.")
        different, bias, separable = VARIANTS[variant]
        table = {**TABLE, **different}

        def modules() -> Iterator[tuple[str, nn.Module]]:
            inputs = 192
            for name, widths in table.items():
                yield f"inception_{name}", InceptionBN(inputs, widths, bias, count_padding)
                inputs = widths.out(inputs)

        full = conv_bn("1", in_channels, 64, 7, stride=2, padding=3, bias=bias)
        depthwise = ("conv1_dw", DepthwiseConv2d(in_channels, 8, 7, stride=2, padding=3))
        super().__init__(
            [
                *([depthwise, *conv_bn("1", 8 * in_channels, 64, 1)] if separable else full),  # 64 x 112 x 112
                ("pool1", nn.MaxPool2d(3, 2, ceil_mode=True)),  # 64 x 56 x 56
                *conv_bn("2_reduce", 64, 64, 1, bias=bias),
                *conv_bn("2", 64, 192, 3, padding=1, bias=bias),  # 192 x 56 x 56
                ("pool2", nn.MaxPool2d(3, 2, ceil_mode=True)),  # 192 x 28 x 28
                *modules(),  # 28 pixels, 14 from 3c on, 7 from 4e on
                ("pool5", nn.AdaptiveAvgPool2d(1)),  # 1024 x 1 x 1, of 7 x 7 at 224 pixels
                ("flatten", nn.Flatten()),
                ("fc", nn.Linear(1024, num_classes)),
            ],
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=224,
            smallest=32,
        )
