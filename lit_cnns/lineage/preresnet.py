"""Pre-activation ResNets with the recipes of He, Zhang, Ren, Sun 2016."""

from typing import Any, ClassVar

from lit_cnns.classifier import LitClassifier
from lit_cnns.lineage.resnet import LitCifarResNet, LitResNet
from lit_cnns.models import CifarPreResNet, PreResNet


class LitPreResNet(LitClassifier):
    """Pre-activation ResNet for ImageNet (He, Zhang, Ren, Sun 2016).

    Args:
        depth: 152 or 200.
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        lr: learning rate for batches of 256.
        weight_decay: on all parameters.
    """

    PAPER_SCHEDULE: ClassVar = LitResNet.PAPER_SCHEDULE
    PAPER_INIT: ClassVar = LitResNet.PAPER_INIT

    def __init__(
        self,
        depth: int = 200,
        num_classes: int = 1000,
        in_channels: int = 3,
        *,
        lr: float = 0.1,
        weight_decay: float = 1e-4,
        **training: Any,
    ) -> None:
        super().__init__(
            PreResNet(depth, num_classes, in_channels), num_classes, lr=lr, weight_decay=weight_decay, **training
        )


class LitCifarPreResNet(LitClassifier):
    """Pre-activation ResNet for CIFAR (He, Zhang, Ren, Sun 2016): a tenth of the rate for its first 400 steps.

    Args:
        depth: 110, 164 or 1001.
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        lr: learning rate for batches of 128.
        weight_decay: on all parameters.
    """

    PAPER_SCHEDULE: ClassVar = (
        "step",
        {**LitCifarResNet.PAPER_SCHEDULE[1], "warmup": 400, "warmup_from": 0.1, "warmup_shape": "constant"},
    )
    PAPER_INIT: ClassVar = LitCifarResNet.PAPER_INIT

    def __init__(
        self,
        depth: int = 164,
        num_classes: int = 10,
        in_channels: int = 3,
        *,
        lr: float = 0.1,
        weight_decay: float = 1e-4,
        **training: Any,
    ) -> None:
        net = CifarPreResNet(depth, num_classes, in_channels)
        super().__init__(net, num_classes, lr=lr, weight_decay=weight_decay, **training)
