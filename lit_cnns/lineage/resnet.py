"""ResNet and its plain twins with the recipes of He, Zhang, Ren, Sun 2015."""

from typing import Any, ClassVar

from lit_cnns.classifier import LitClassifier
from lit_cnns.models import CifarResNet, ResNet


class LitResNet(LitClassifier):
    """ResNet and its plain twins (He, Zhang, Ren, Sun 2015).

    Departs from the paper: the rate falls after 30 and 60 of 90 passes, as in fb.resnet.torch, where the paper waits
    for the error to stall, for up to 120; and our data takes off the mean of each channel and divides by its std, where
    the paper takes off the mean picture alone.

    Args:
        depth: 18, 34, 50, 101 or 152.
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        shortcut: "A" pads, "B" projects where the shape changes, "C" projects everywhere (A and C: 18 and 34).
        stride_on: where a bottleneck shrinks the map: "1x1" as in the paper, "3x3" as in v1.5.
        residual: False for the plain twin (18 and 34).
        pool1: "padded" by one pixel on every side, or "ceil" as in the authors' code.
        lr: learning rate for batches of 256.
        weight_decay: on all parameters.
    """

    PAPER_SCHEDULE: ClassVar = ("step", {"milestones": [30, 60]})
    PAPER_INIT: ClassVar = ("he", 0.0)

    def __init__(
        self,
        depth: int = 50,
        num_classes: int = 1000,
        in_channels: int = 3,
        shortcut: str = "B",
        stride_on: str = "1x1",
        residual: bool = True,
        pool1: str = "padded",
        *,
        lr: float = 0.1,
        weight_decay: float = 1e-4,
        **training: Any,
    ) -> None:
        net = ResNet(depth, num_classes, in_channels, shortcut, stride_on, residual, pool1)
        super().__init__(net, num_classes, lr=lr, weight_decay=weight_decay, **training)


class LitCifarResNet(LitClassifier):
    """ResNet for CIFAR-10 and its plain twins (He, Zhang, Ren, Sun 2015, Section 4.2).

    Args:
        depth: 20, 32, 44, 56, 110 or 1202; plain twins to 110.
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        shortcut: "A" pads, as in the paper; "B" projects where the shape changes, "C" everywhere (both our extension).
        residual: False for the plain twin.
        lr: learning rate for batches of 128.
        weight_decay: on all parameters.
    """

    PAPER_SCHEDULE: ClassVar = ("step", {"milestones": [32_000, 48_000], "unit": "step"})
    PAPER_INIT: ClassVar = ("he", 0.0)

    def __init__(
        self,
        depth: int = 20,
        num_classes: int = 10,
        in_channels: int = 3,
        shortcut: str = "A",
        residual: bool = True,
        *,
        lr: float = 0.1,
        weight_decay: float = 1e-4,
        **training: Any,
    ) -> None:
        net = CifarResNet(depth, num_classes, in_channels, shortcut, residual)
        super().__init__(net, num_classes, lr=lr, weight_decay=weight_decay, **training)
