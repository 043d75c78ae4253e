"""Pre-activation ResNets.

K. He, X. Zhang, S. Ren, J. Sun, Identity Mappings in Deep Residual Networks, ECCV 2016 (arXiv 1603.05027).
"""

from collections.abc import Callable, Iterator

from torch import Tensor, nn

from lit_cnns.models.network import Network
from lit_cnns.models.resnet import PadShortcut


class Projection(nn.Conv2d):
    """A 1x1 convolution on the way around a block, without batch norm."""

    weight_layers = 0  # the paper leaves projections out

    def __init__(self, inputs: int, maps: int, stride: int) -> None:
        super().__init__(inputs, maps, 1, stride, bias=False)


class PreBasicBlock(nn.Module):
    """x + F(relu(bn(x))) with two 3x3 convolutions, and nothing after the sum (Figure 1b).

    Args:
        inputs: maps that come in.
        maps: maps that go out.
        stride: of the first convolution.
        around: the way around that starts after the block's first relu; None for the identity, which starts before.
    """

    def __init__(self, inputs: int, maps: int, stride: int, around: nn.Module | None) -> None:
        super().__init__()
        self.pre, self.relu1 = nn.BatchNorm2d(inputs), nn.ReLU()
        self.conv1 = nn.Conv2d(inputs, maps, 3, stride, padding=1, bias=False)
        self.bn2, self.relu2 = nn.BatchNorm2d(maps), nn.ReLU()
        self.conv2 = nn.Conv2d(maps, maps, 3, padding=1, bias=False)
        self.shortcut = around

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu1(self.pre(x))
        if self.shortcut is not None:
            x = self.shortcut(y)
        return x + self.conv2(self.relu2(self.bn2(self.conv1(y))))


class PreBottleneck(nn.Module):
    """x + F(relu(bn(x))) with 1x1, 3x3, 1x1 convolutions, and nothing after the sum.

    Args:
        inputs: maps that come in.
        maps: maps that go out; the two first convolutions have a quarter.
        strides: of the first and of the second convolution.
        around: as in `PreBasicBlock`.
        activated: the input comes out of a relu already, so the block starts with its first convolution.
    """

    def __init__(
        self, inputs: int, maps: int, strides: tuple[int, int], around: nn.Module | None, activated: bool = False
    ) -> None:
        super().__init__()
        width = maps // 4
        self.pre = nn.Identity() if activated else nn.BatchNorm2d(inputs)
        self.relu1 = nn.Identity() if activated else nn.ReLU()
        self.conv1 = nn.Conv2d(inputs, width, 1, strides[0], bias=False)
        self.bn2, self.relu2 = nn.BatchNorm2d(width), nn.ReLU()
        self.conv2 = nn.Conv2d(width, width, 3, strides[1], padding=1, bias=False)
        self.bn3, self.relu3 = nn.BatchNorm2d(width), nn.ReLU()
        self.conv3 = nn.Conv2d(width, maps, 1, bias=False)
        self.shortcut = around

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu1(self.pre(x))
        if self.shortcut is not None:
            x = self.shortcut(y)
        y = self.conv2(self.relu2(self.bn2(self.conv1(y))))
        return x + self.conv3(self.relu3(self.bn3(y)))


def _stage(name: str, count: int, inputs: int, maps: int, stride: int, block: Callable) -> Iterator:
    for place in range(1, count + 1):
        yield f"{name}_{place}", block(inputs, maps, stride if place == 1 else 1, first=place == 1)
        inputs = maps


TABLE = {  # blocks in conv2_x to conv5_x
    152: (3, 8, 36, 3),
    200: (3, 24, 36, 3),
}


class PreResNet(Network):
    """Pre-activation ResNet for ImageNet, of bottlenecks whose 3x3 convolution shrinks the map.

    Shapes: (B, in_channels, 224, 224) -> (B, num_classes); any side from 32 pixels.
    Parameters for 1000 classes: 152 60,185,128; 200 64,666,152.

    Args:
        depth: 152 or 200.
        num_classes: width of the logits.
        in_channels: channels of the pictures.
    """

    def __init__(self, depth: int = 200, num_classes: int = 1000, in_channels: int = 3) -> None:
        if depth not in TABLE:
            raise ValueError(f"Pre-activation ResNet has depths {[*TABLE]} for ImageNet, not {depth}.")

        def block(inputs: int, maps: int, stride: int, first: bool) -> nn.Module:
            around = Projection(inputs, maps, stride) if first else None
            return PreBottleneck(inputs, maps, (1, stride), around, activated=inputs == 64)

        counts = TABLE[depth]
        super().__init__(
            [
                ("conv1", nn.Conv2d(in_channels, 64, 7, 2, padding=3, bias=False)),  # 64 x 112 x 112
                ("bn1", nn.BatchNorm2d(64)),
                ("relu1", nn.ReLU()),
                ("pool1", nn.MaxPool2d(3, 2, padding=1)),  # 64 x 56 x 56
                *_stage("conv2", counts[0], 64, 256, 1, block),  # 256 x 56 x 56
                *_stage("conv3", counts[1], 256, 512, 2, block),  # 512 x 28 x 28
                *_stage("conv4", counts[2], 512, 1024, 2, block),  # 1024 x 14 x 14
                *_stage("conv5", counts[3], 1024, 2048, 2, block),  # 2048 x 7 x 7
                ("bn_last", nn.BatchNorm2d(2048)),
                ("relu_last", nn.ReLU()),
                ("gap", nn.AdaptiveAvgPool2d(1)),
                ("flatten", nn.Flatten()),
                ("fc", nn.Linear(2048, num_classes)),
            ],
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=224,
            smallest=32,
        )


CIFAR_DEPTHS = {110: (18, 1), 164: (18, 4), 1001: (111, 4)}  # blocks a stage, widening by the last 1x1 of a bottleneck


class CifarPreResNet(Network):
    """Pre-activation ResNet for CIFAR: 110 of basic blocks (6n + 2), 164 and 1001 of bottlenecks (9n + 2).

    Shapes: (B, in_channels, 32, 32) -> (B, num_classes); any side from 8 pixels.
    Parameters for ten classes: 110 1,727,962; 164 1,703,258; 1001 10,327,706.

    Args:
        depth: 110, 164 or 1001.
        num_classes: width of the logits.
        in_channels: channels of the pictures.
    """

    def __init__(self, depth: int = 164, num_classes: int = 10, in_channels: int = 3) -> None:
        if depth not in CIFAR_DEPTHS:
            raise ValueError(f"Pre-activation ResNet has depths {[*CIFAR_DEPTHS]} for CIFAR, not {depth}.")
        count, widening = CIFAR_DEPTHS[depth]

        def block(inputs: int, maps: int, stride: int, first: bool) -> nn.Module:
            if widening > 1:
                return PreBottleneck(inputs, maps, (stride, 1), Projection(inputs, maps, stride) if first else None)
            return PreBasicBlock(inputs, maps, stride, PadShortcut(maps, stride) if first else None)

        widths = [16 * widening, 32 * widening, 64 * widening]
        super().__init__(
            [
                ("conv1", nn.Conv2d(in_channels, 16, 3, padding=1, bias=False)),  # 16 x 32 x 32
                *_stage("stage1", count, 16, widths[0], 1, block),  # 16 or 64 x 32 x 32
                *_stage("stage2", count, widths[0], widths[1], 2, block),  # 32 or 128 x 16 x 16
                *_stage("stage3", count, widths[1], widths[2], 2, block),  # 64 or 256 x 8 x 8
                ("bn_last", nn.BatchNorm2d(widths[2])),
                ("relu_last", nn.ReLU()),
                ("gap", nn.AdaptiveAvgPool2d(1)),
                ("flatten", nn.Flatten()),
                ("fc", nn.Linear(widths[2], num_classes)),
            ],
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=32,
            smallest=8,
        )
