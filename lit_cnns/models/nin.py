"""Network in Network.

M. Lin, Q. Chen, S. Yan, Network In Network, ICLR 2014 (arXiv 1312.4400).
"""

from collections.abc import Iterator

from torch import nn

from lit_cnns.models.network import Network


def mlpconv(
    block: int, inputs: int, maps: tuple[int, int, int], kernel: int, stride: int = 1, padding: int = 0
) -> Iterator[tuple[str, nn.Module]]:
    """A convolution and two layers of 1x1 that see all its maps: a small perceptron slid over the picture (Section 3).

    The 1x1 layers are cccp1 and cccp2 in the first block, cccp3 and cccp4 in the second, as in the authors' files
    ("cascaded cross-channel parametric pooling").
    """
    yield f"conv{block}", nn.Conv2d(inputs, maps[0], kernel, stride, padding)
    yield f"relu{block}", nn.ReLU()
    for place in (1, 2):
        number = 2 * (block - 1) + place
        yield f"cccp{number}", nn.Conv2d(maps[place - 1], maps[place], 1)
        yield f"relu_cccp{number}", nn.ReLU()


class NiN(Network):
    """Network in Network for CIFAR: each class has a map of its own in the last layer, whose mean is its score.

    Shapes: (B, in_channels, 32, 32) -> (B, num_classes); any side from 4 pixels.
    Parameters: 966,986 for ten classes, 984,356 for 100.

    Departs from the paper: nothing; the widths, which it does not print, are those of the authors' file, and so is the
    ReLU after the last layer (scores are not negative).

    Args:
        num_classes: width of the logits.
        in_channels: channels of the pictures.
        dropout: share of the maps' values that is dropped after the first two blocks.
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 3, dropout: float = 0.5) -> None:
        super().__init__(
            [
                *mlpconv(1, in_channels, (192, 160, 96), 5, padding=2),  # 96 x 32 x 32
                ("pool1", nn.MaxPool2d(3, 2, ceil_mode=True)),  # 96 x 16 x 16
                ("drop1", nn.Dropout(dropout)),
                *mlpconv(2, 96, (192, 192, 192), 5, padding=2),  # 192 x 16 x 16
                ("pool2", nn.MaxPool2d(3, 2, ceil_mode=True)),  # 192 x 8 x 8
                ("drop2", nn.Dropout(dropout)),
                *mlpconv(3, 192, (192, 192, num_classes), 3, padding=1),  # num_classes x 8 x 8
                ("gap", nn.AdaptiveAvgPool2d(1)),
                ("flat", nn.Flatten()),
            ],
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=32,
            smallest=4,
        )


class NiNImageNet(Network):
    """Network in Network for ImageNet, from its first author's page in Caffe's model zoo; not in the paper.

    Shapes: (B, in_channels, 224, 224) -> (B, num_classes); any side from 39 pixels.
    Parameters: 7,595,176 for 1000 classes.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the pictures.
        dropout: share of the maps' values that is dropped before the last block.
    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5) -> None:
        super().__init__(
            [
                *mlpconv(1, in_channels, (96, 96, 96), 11, stride=4),  # 96 x 54 x 54
                ("pool1", nn.MaxPool2d(3, 2, ceil_mode=True)),  # 96 x 27 x 27
                *mlpconv(2, 96, (256, 256, 256), 5, padding=2),  # 256 x 27 x 27
                ("pool2", nn.MaxPool2d(3, 2, ceil_mode=True)),  # 256 x 13 x 13
                *mlpconv(3, 256, (384, 384, 384), 3, padding=1),  # 384 x 13 x 13
                ("pool3", nn.MaxPool2d(3, 2, ceil_mode=True)),  # 384 x 6 x 6
                ("drop", nn.Dropout(dropout)),
                *mlpconv(4, 384, (1024, 1024, num_classes), 3, padding=1),  # num_classes x 6 x 6
                ("pool4", nn.AdaptiveAvgPool2d(1)),
                ("flat", nn.Flatten()),
            ],
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=224,
            smallest=39,
        )
