"""Inception-ResNet v2 with the recipe of Szegedy, Ioffe, Vanhoucke, Alemi 2016."""

from typing import Any, ClassVar

from lit_cnns.classifier import LitClassifier
from lit_cnns.lineage.inception_v3 import LitInceptionV3
from lit_cnns.models import InceptionResNetV2


class LitInceptionResNetV2(LitClassifier):
    """Inception-ResNet v2 (Szegedy, Ioffe, Vanhoucke, Alemi 2016), trained like Inception v3.

    Its released code (TF-Slim) names no start for the weights, so theirs is the library's own: Glorot's, here in its
    normal form. That code decays biases, too; here weights alone decay.

    Args:
        variant: "released", or "paper" as it is drawn.
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        lr: learning rate for batches of 32.
        weight_decay: on weights alone.
        label_smoothing: share of the label spread evenly over all classes, in training only.
    """

    PAPER_OPTIMIZER: ClassVar = LitInceptionV3.PAPER_OPTIMIZER
    PAPER_SCHEDULE: ClassVar = LitInceptionV3.PAPER_SCHEDULE
    PAPER_INIT: ClassVar = ("glorot", 0.0)

    def __init__(
        self,
        variant: str = "released",
        num_classes: int = 1000,
        in_channels: int = 3,
        *,
        lr: float = 0.045,
        weight_decay: float = 4e-5,
        decay_on: str = "weights",
        label_smoothing: float = 0.1,
        **training: Any,
    ) -> None:
        net = InceptionResNetV2(num_classes, in_channels, variant)
        super().__init__(
            net,
            num_classes,
            lr=lr,
            weight_decay=weight_decay,
            decay_on=decay_on,
            label_smoothing=label_smoothing,
            **training,
        )
