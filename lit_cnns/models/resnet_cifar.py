"""ResNet for CIFAR-10 and its plain twins (He et al. 2015, arXiv 1512.03385, Section 4.2)."""

from collections.abc import Iterator

from torch import nn

from lit_cnns.models.network import Network
from lit_cnns.models.resnet import BasicBlock, PlainBlock

DEPTHS = (20, 32, 44, 56, 110, 1202)  # 6n + 2 with n = 3, 5, 7, 9, 18, 200
MAPS = (16, 32, 64)


class CifarResNet(Network):
    """Three stages of n blocks on maps of 32, 16 and 8 pixels: 6n + 2 weight layers.

    Shapes: (B, in_channels, 32, 32) -> (B, num_classes); any side from 8 pixels.
    Parameters for ten classes, option A: 20 269,722; 32 464,154; 44 658,586; 56 853,018; 110 1,727,962;
    1202 19,421,274. Options B and C for 20: 272,474 and 283,962.

    Departs from the paper: it has option A alone on CIFAR-10 ("in all cases"); B and C carry the options of its
    Table 3, which compares them on ImageNet, to this form.

    Args:
        depth: 20, 32, 44, 56, 110 or 1202.
        num_classes: width of the logits.
        in_channels: channels of the pictures.
        shortcut: "A" as in the paper, "B" or "C".
        residual: False for the plain twin, to 110 layers.
    """

    def __init__(
        self,
        depth: int = 20,
        num_classes: int = 10,
        in_channels: int = 3,
        shortcut: str = "A",
        residual: bool = True,
    ) -> None:
        if depth not in DEPTHS or (not residual and depth > 110):
            allowed = DEPTHS if residual else DEPTHS[:-1]
            raise ValueError(
                f"{'ResNet' if residual else 'The plain twin'} for CIFAR has depths {allowed}, not {depth}."
            )
        if shortcut not in ("A", "B", "C"):
            raise ValueError(f"ResNet for CIFAR has shortcuts A, B and C, not {shortcut!r}.")

        def stages() -> Iterator[tuple[str, nn.Module]]:
            inputs = 16
            for stage, maps in enumerate(MAPS, 1):
                for place in range(1, (depth - 2) // 6 + 1):
                    stride = 2 if place == 1 and stage > 1 else 1
                    block = BasicBlock(inputs, maps, stride, shortcut) if residual else PlainBlock(inputs, maps, stride)
                    yield f"stage{stage}_{place}", block
                    inputs = maps

        super().__init__(
            [
                ("conv1", nn.Conv2d(in_channels, 16, 3, padding=1, bias=False)),  # 16 x 32 x 32
                ("bn1", nn.BatchNorm2d(16)),
                ("relu1", nn.ReLU()),
                *stages(),  # 32, 16, 8 pixels
                ("gap", nn.AdaptiveAvgPool2d(1)),
                ("flatten", nn.Flatten()),
                ("fc", nn.Linear(64, num_classes)),
            ],
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=32,
            smallest=8,
        )
