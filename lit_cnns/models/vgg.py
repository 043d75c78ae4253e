"""VGG A to E.

K. Simonyan, A. Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition,
ICLR 2015 (arXiv 1409.1556).
"""

from collections.abc import Iterator

from torch import nn

from lit_cnns.models.alexnet import LocalResponseNorm
from lit_cnns.models.network import Network

# Table 1, a column a row: the kernels of conv1_1, conv1_2, ... by stage; 3 x 3 but for C's 1 x 1
TABLE_1: dict[str, list[list[int]]] = {
    "A":     [[3],    [3],    [3, 3],       [3, 3],       [3, 3]],
    "A-LRN": [[3],    [3],    [3, 3],       [3, 3],       [3, 3]],
    "B":     [[3, 3], [3, 3], [3, 3],       [3, 3],       [3, 3]],
    "C":     [[3, 3], [3, 3], [3, 3, 1],    [3, 3, 1],    [3, 3, 1]],
    "D":     [[3, 3], [3, 3], [3, 3, 3],    [3, 3, 3],    [3, 3, 3]],
    "E":     [[3, 3], [3, 3], [3, 3, 3, 3], [3, 3, 3, 3], [3, 3, 3, 3]],
}  # fmt: skip
MAPS = [64, 128, 256, 512, 512]


def stages(
    kernels: list[list[int]], maps: list[int], in_channels: int, batch_norm: bool, lrn: bool = False
) -> Iterator[tuple[str, nn.Module]]:
    """The layers of the stages, each a list of kernel sizes, with their maps; a pool ends each."""
    width = in_channels
    for stage, (sizes, out) in enumerate(zip(kernels, maps, strict=True), 1):
        for place, size in enumerate(sizes, 1):
            yield f"conv{stage}_{place}", nn.Conv2d(width, out, size, padding=size // 2)
            if batch_norm:
                yield f"bn{stage}_{place}", nn.BatchNorm2d(out)
            yield f"relu{stage}_{place}", nn.ReLU()
            width = out
        if lrn and stage == 1:
            yield "lrn1", LocalResponseNorm(5)
        yield f"pool{stage}", nn.MaxPool2d(2, 2)


def _classifier(first: int, widths: list[int], dropout: float) -> Iterator[tuple[str, nn.Module]]:
    yield "flatten", nn.Flatten()
    *hidden, _ = range(first, first + len(widths) - 1)
    for number in hidden:
        yield f"fc{number}", nn.Linear(widths[number - first], widths[number - first + 1])
        yield f"relu{number}", nn.ReLU()
        yield f"drop{number}", nn.Dropout(dropout)
    yield f"fc{first + len(widths) - 2}", nn.Linear(widths[-2], widths[-1])


class VGG(Network):
    """A stack of 3 x 3 convolutions in five stages, then three fully connected layers.

    Shapes: (B, in_channels, 224, 224) -> (B, num_classes); 224 to 255 pixels a side fit.
    Parameters for 1000 classes: A and A-LRN 132,863,336; B 133,047,848; C 133,638,952; D 138,357,544; E 143,667,240.

    Args:
        config: a column of Table 1. VGG-16 is D, VGG-19 is E.
        num_classes: width of the logits.
        in_channels: channels of the pictures.
        batch_norm: batch norm after every convolution (not in the paper).
        dropout: share of fc6 and fc7 that is dropped.
    """

    def __init__(
        self,
        config: str = "D",
        num_classes: int = 1000,
        in_channels: int = 3,
        batch_norm: bool = False,
        dropout: float = 0.5,
    ) -> None:
        if config not in TABLE_1:
            raise ValueError(f"VGG has configurations {[*TABLE_1]}, not {config!r}; VGG-16 is D and VGG-19 is E.")
        super().__init__(
            [
                *stages(TABLE_1[config], MAPS, in_channels, batch_norm, lrn=config == "A-LRN"),  # 512 x 7 x 7
                *_classifier(6, [512 * 7 * 7, 4096, 4096, num_classes], dropout),
            ],
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=224,
            largest=255,
        )


class VGGSmall(Network):
    """An adaptation for 32-pixel pictures, not in the paper: configuration B's first three stages at half their width.

    Shapes: (B, in_channels, image_size, image_size) -> (B, num_classes).
    Parameters: 879,914 for ten classes at 32 pixels.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the pictures.
        batch_norm: batch norm after every convolution.
        dropout: share of fc4 and fc5 that is dropped.
        image_size: side of the pictures, 8 and more; fc4 is built for it.
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        batch_norm: bool = False,
        dropout: float = 0.5,
        image_size: int = 32,
    ) -> None:
        side = image_size // 8
        if side < 1:
            raise ValueError(f"VGGSmall takes pictures of 8 and more pixels a side, not {image_size}.")
        super().__init__(
            [
                *stages([[3, 3]] * 3, [32, 64, 128], in_channels, batch_norm),  # 128 x 4 x 4
                *_classifier(4, [128 * side * side, 256, 256, num_classes], dropout),
            ],
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=image_size,
            smallest=8 * side,
            largest=8 * side + 7,
        )
