"""The one-tower AlexNet.

A. Krizhevsky, One Weird Trick for Parallelizing Convolutional Neural Networks, 2014 (arXiv 1404.5997).
"""

from torch import nn

from lit_cnns.models.alexnet import CeilConv2d, LocalResponseNorm, Maps
from lit_cnns.models.network import Network

VARIANTS = {  #      conv1 conv2 conv3 conv4 conv5 towers
    "paper": Maps(      64,  192,  384,  384,  256, 1),  # footnote 1
    "released": Maps(   64,  192,  384,  256,  256, 1),  # cuda-convnet2's file for one GPU, and torchvision
}  # fmt: skip


class AlexNetOWT(Network):
    """AlexNet in one tower: fewer kernels in conv1 and conv2, none of them grouped.

    Shapes: (B, in_channels, 224, 224) -> (B, num_classes); to 227 pixels a side ("paper") or 254 ("released").
    Parameters for 1000 classes: "paper" 61,838,248; "released" 61,100,840.

    Departs from the paper: "released" is torchvision's `alexnet`, the network whose weights everybody has: no response
    normalisation, conv1 padded by two pixels on every side, dropout before fc6 and fc7 in place of after them.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the pictures.
        variant: "released", or "paper" with its 384 maps in conv4.
        dropout: share of units that is dropped, twice.
    """

    def __init__(
        self, num_classes: int = 1000, in_channels: int = 3, variant: str = "released", dropout: float = 0.5
    ) -> None:
        if variant not in VARIANTS:
            raise ValueError(f"The one-tower AlexNet has variants {[*VARIANTS]}, not {variant!r}.")
        w, paper = VARIANTS[variant], variant == "paper"

        def only_in(wanted: bool, name: str, layer: nn.Module) -> list[tuple[str, nn.Module]]:
            return [(name, layer)] if wanted else []

        hanging = CeilConv2d(in_channels, w.conv1, 11, stride=4)
        padded = nn.Conv2d(in_channels, w.conv1, 11, stride=4, padding=2)
        super().__init__(
            [
                ("conv1", hanging if paper else padded),  # 64 x 55 x 55
                ("relu1", nn.ReLU()),
                *only_in(paper, "norm1", LocalResponseNorm(5)),
                ("pool1", nn.MaxPool2d(3, 2)),  # 64 x 27 x 27
                ("conv2", nn.Conv2d(w.conv1, w.conv2, 5, padding=2)),  # 192 x 27 x 27
                ("relu2", nn.ReLU()),
                *only_in(paper, "norm2", LocalResponseNorm(5)),
                ("pool2", nn.MaxPool2d(3, 2)),  # 192 x 13 x 13
                ("conv3", nn.Conv2d(w.conv2, w.conv3, 3, padding=1)),  # 384 x 13 x 13
                ("relu3", nn.ReLU()),
                ("conv4", nn.Conv2d(w.conv3, w.conv4, 3, padding=1)),  # 384 or 256 x 13 x 13
                ("relu4", nn.ReLU()),
                ("conv5", nn.Conv2d(w.conv4, w.conv5, 3, padding=1)),  # 256 x 13 x 13
                ("relu5", nn.ReLU()),
                ("pool5", nn.MaxPool2d(3, 2)),  # 256 x 6 x 6
                *only_in(not paper, "drop5", nn.Dropout(dropout)),
                ("flatten", nn.Flatten()),
                ("fc6", nn.Linear(w.conv5 * 6 * 6, 4096)),
                ("relu6", nn.ReLU()),
                ("drop6", nn.Dropout(dropout)),
                ("fc7", nn.Linear(4096, 4096)),
                ("relu7", nn.ReLU()),
                *only_in(paper, "drop7", nn.Dropout(dropout)),
                ("fc8", nn.Linear(4096, num_classes)),
            ],
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=224,
            largest=227 if paper else 254,
        )
