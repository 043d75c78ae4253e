"""Inception v2 with the recipe of Ioffe, Szegedy 2015."""

from typing import Any, ClassVar

from lit_cnns.classifier import LitClassifier
from lit_cnns.models import InceptionV2


class LitInceptionV2(LitClassifier):
    """Inception v2, or BN-Inception (Ioffe, Szegedy 2015), by its BN-x30 run: 30 times 0.0015, its baseline's rate.

    The rate falls 6 times as fast as GoogLeNet's, and the weight decay is a fifth of its. The paper prints no
    initialisation; the released code (TF-Slim) has He's rule, but for stds of 0.09 and 0.1 in the 1x1 before a 3x3 and
    after a pool, which follow the rule here, too: batch norm takes a layer's scale out.

    Args:
        variant: "released", "separable" in its first layer, or "table" as printed.
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        count_padding: average pools divide by 9 at the border too, as Caffe's do.
        lr: learning rate for batches of 32.
        weight_decay: on weights alone.
    """

    PAPER_SCHEDULE: ClassVar = ("decay", {"factor": 0.96, "every": 8 / 6})
    PAPER_INIT: ClassVar = ("he_fan_in", 0.0)

    def __init__(
        self,
        variant: str = "released",
        num_classes: int = 1000,
        in_channels: int = 3,
        count_padding: bool = False,
        *,
        lr: float = 0.045,
        weight_decay: float = 4e-5,
        decay_on: str = "weights",
        **training: Any,
    ) -> None:
        net = InceptionV2(num_classes, in_channels, variant, count_padding)
        super().__init__(net, num_classes, lr=lr, weight_decay=weight_decay, decay_on=decay_on, **training)
