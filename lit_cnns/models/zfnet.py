"""ZFNet.

M. D. Zeiler, R. Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014 (arXiv 1311.2901).
"""

from torch import nn

from lit_cnns.models.alexnet import CeilConv2d, LocalResponseNorm
from lit_cnns.models.network import Network

VARIANTS = {  #    conv3 conv4 conv5
    "original": (    384,  384, 256),  # Figure 3
    "wide": (        512, 1024, 512),  # Table 2, "layers 3,4,5 with 512, 1024, 512 maps"
}  # fmt: skip


class ZFNet(Network):
    """AlexNet in one tower, with smaller kernels and strides in conv1 and conv2, pooled before it is normalised.

    Shapes: (B, in_channels, 224, 224) -> (B, num_classes); 225 is the same grid without its overhang.
    Parameters for 1000 classes: "original" 62,357,608; "wide" 107,627,624.

    Departs from the paper: nothing; where it is silent (the overhang of its grid, the constants of the contrast
    normalisation) the code it was built on is followed, AlexNet's.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the pictures.
        variant: "original", or "wide" in conv3 to conv5.
        dropout: share of fc6 and fc7 that is dropped.
    """

    def __init__(
        self, num_classes: int = 1000, in_channels: int = 3, variant: str = "original", dropout: float = 0.5
    ) -> None:
        if variant not in VARIANTS:
            raise ValueError(f"ZFNet has variants {[*VARIANTS]}, not {variant!r}.")
        three, four, five = VARIANTS[variant]
        super().__init__(
            [
                ("conv1", CeilConv2d(in_channels, 96, 7, stride=2)),  # 96 x 110 x 110
                ("relu1", nn.ReLU()),
                ("pool1", nn.MaxPool2d(3, 2, ceil_mode=True)),  # 96 x 55 x 55
                ("norm1", LocalResponseNorm(5)),
                ("conv2", CeilConv2d(96, 256, 5, stride=2)),  # 256 x 26 x 26
                ("relu2", nn.ReLU()),
                ("pool2", nn.MaxPool2d(3, 2, ceil_mode=True)),  # 256 x 13 x 13
                ("norm2", LocalResponseNorm(5)),
                ("conv3", nn.Conv2d(256, three, 3, padding=1)),  # 384 or 512 x 13 x 13
                ("relu3", nn.ReLU()),
                ("conv4", nn.Conv2d(three, four, 3, padding=1)),  # 384 or 1024 x 13 x 13
                ("relu4", nn.ReLU()),
                ("conv5", nn.Conv2d(four, five, 3, padding=1)),  # 256 or 512 x 13 x 13
                ("relu5", nn.ReLU()),
                ("pool5", nn.MaxPool2d(3, 2)),  # 256 or 512 x 6 x 6
                ("flatten", nn.Flatten()),
                ("fc6", nn.Linear(five * 6 * 6, 4096)),
                ("relu6", nn.ReLU()),
                ("drop6", nn.Dropout(dropout)),
                ("fc7", nn.Linear(4096, 4096)),
                ("relu7", nn.ReLU()),
                ("drop7", nn.Dropout(dropout)),
                ("fc8", nn.Linear(4096, num_classes)),
            ],
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=224,
            largest=225,
        )
