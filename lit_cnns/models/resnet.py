"""ResNet and its plain twins.

K. He, X. Zhang, S. Ren, J. Sun, Deep Residual Learning for Image Recognition, CVPR 2016 (arXiv 1512.03385).
"""

from collections.abc import Iterator

import torch.nn.functional as F
from torch import Tensor, nn

from lit_cnns.models.network import Network


class PadShortcut(nn.Module):
    """Option A: every second pixel of the input, and zeros for the new maps; no parameters."""

    def __init__(self, maps: int, stride: int) -> None:
        super().__init__()
        self.maps, self.stride = maps, stride

    def forward(self, x: Tensor) -> Tensor:
        x = x[:, :, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, 0, self.maps - x.shape[1]))


class Projection(nn.Sequential):
    """Options B and C: a 1x1 convolution and its batch norm."""

    weight_layers = 0  # the paper leaves projections out

    def __init__(self, inputs: int, maps: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, maps, 1, stride, bias=False)
        self.bn = nn.BatchNorm2d(maps)


def shortcut_of(option: str, inputs: int, maps: int, stride: int) -> nn.Module:
    """The way around a block: identity, padding (A), or projection (B where the shape changes, C everywhere)."""
    changes = inputs != maps or stride != 1
    if option == "C" or (option == "B" and changes):
        return Projection(inputs, maps, stride)
    return PadShortcut(maps, stride) if changes else nn.Identity()


class PlainBlock(nn.Module):
    """Two 3x3 convolutions and no way around them: what ResNet is compared with."""

    def __init__(self, inputs: int, maps: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, maps, 3, stride, padding=1, bias=False)
        self.bn1, self.relu1 = nn.BatchNorm2d(maps), nn.ReLU()
        self.conv2 = nn.Conv2d(maps, maps, 3, padding=1, bias=False)
        self.bn2, self.relu = nn.BatchNorm2d(maps), nn.ReLU()

    def residual(self, x: Tensor) -> Tensor:
        return self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.residual(x))


class BasicBlock(PlainBlock):
    """relu(F(x) + x) with two 3x3 convolutions (Figure 5, left)."""

    def __init__(self, inputs: int, maps: int, stride: int, option: str) -> None:
        super().__init__(inputs, maps, stride)
        self.shortcut = shortcut_of(option, inputs, maps, stride)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.residual(x) + self.shortcut(x))


class Bottleneck(nn.Module):
    """relu(F(x) + x) with 1x1, 3x3, 1x1 convolutions (Figure 5, right)."""

    def __init__(self, inputs: int, maps: int, stride: int, option: str, stride_on: str) -> None:
        super().__init__()
        width = maps // 4
        first, second = (stride, 1) if stride_on == "1x1" else (1, stride)
        self.conv1 = nn.Conv2d(inputs, width, 1, first, bias=False)
        self.bn1, self.relu1 = nn.BatchNorm2d(width), nn.ReLU()
        self.conv2 = nn.Conv2d(width, width, 3, second, padding=1, bias=False)
        self.bn2, self.relu2 = nn.BatchNorm2d(width), nn.ReLU()
        self.conv3 = nn.Conv2d(width, maps, 1, bias=False)
        self.bn3, self.relu = nn.BatchNorm2d(maps), nn.ReLU()
        self.shortcut = shortcut_of(option, inputs, maps, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.relu2(self.bn2(self.conv2(y)))
        return self.relu(self.bn3(self.conv3(y)) + self.shortcut(x))


TABLE_1 = {  # blocks in conv2_x to conv5_x
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}


class ResNet(Network):
    """Residual networks for ImageNet.

    Shapes: (B, in_channels, 224, 224) -> (B, num_classes); any side from 32 pixels.
    Parameters for 1000 classes: 18 11,689,512; 34 21,797,672; 50 25,557,032; 101 44,549,160; 152 60,192,808.

    Departs from the paper: conv1's pool is padded by one pixel, where the authors' code rounds up (pool1="ceil").

    Args:
        depth: a column of Table 1.
        num_classes: width of the logits.
        in_channels: channels of the pictures.
        shortcut: "A", "B" or "C" (Section 4.1); depths from 50 on have "B".
        stride_on: where a bottleneck shrinks the map: "1x1" as in the paper, "3x3" as in v1.5.
        residual: False for the plain twin; 18 and 34.
        pool1: "padded" by one pixel on every side, or "ceil" as in the authors' code.
    """

    def __init__(
        self,
        depth: int = 50,
        num_classes: int = 1000,
        in_channels: int = 3,
        shortcut: str = "B",
        stride_on: str = "1x1",
        residual: bool = True,
        pool1: str = "padded",
    ) -> None:
        _check(depth, shortcut, stride_on, residual)
        if pool1 not in ("padded", "ceil"):
            raise ValueError(f"pool1 is 'padded' or 'ceil', not {pool1!r}.")
        pool = nn.MaxPool2d(3, 2, padding=1) if pool1 == "padded" else nn.MaxPool2d(3, 2, ceil_mode=True)
        maps = [64, 128, 256, 512] if depth < 50 else [256, 512, 1024, 2048]

        def block(inputs: int, out: int, stride: int) -> nn.Module:
            if not residual:
                return PlainBlock(inputs, out, stride)
            if depth < 50:
                return BasicBlock(inputs, out, stride, shortcut)
            return Bottleneck(inputs, out, stride, shortcut, stride_on)

        def stages() -> Iterator[tuple[str, nn.Module]]:
            inputs = 64
            for stage, (count, out) in enumerate(zip(TABLE_1[depth], maps, strict=True), 2):
                for place in range(1, count + 1):
                    yield f"conv{stage}_{place}", block(inputs, out, 2 if place == 1 and stage > 2 else 1)
                    inputs = out

        super().__init__(
            [
                ("conv1", nn.Conv2d(in_channels, 64, 7, 2, padding=3, bias=False)),  # 64 x 112 x 112
                ("bn1", nn.BatchNorm2d(64)),
                ("relu1", nn.ReLU()),
                ("pool1", pool),  # 64 x 56 x 56
                *stages(),  # 56, 28, 14, 7 pixels
                ("gap", nn.AdaptiveAvgPool2d(1)),
                ("flatten", nn.Flatten()),
                ("fc", nn.Linear(maps[-1], num_classes)),
            ],
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=224,
            smallest=32,
        )


def _check(depth: int, shortcut: str, stride_on: str, residual: bool) -> None:
    if depth not in TABLE_1:
        raise ValueError(f"ResNet has depths {[*TABLE_1]}, not {depth}.")
    if shortcut not in ("A", "B", "C"):
        raise ValueError(f"ResNet has shortcuts A, B and C, not {shortcut!r}.")
    if stride_on not in ("1x1", "3x3"):
        raise ValueError(f"stride_on is '1x1' or '3x3', not {stride_on!r}.")
    if depth >= 50 and (shortcut != "B" or not residual):
        raise ValueError(f"Shortcuts A and C and plain twins are built for depths 18 and 34, not {depth}.")
