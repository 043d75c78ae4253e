"""Inception v3 with the recipe of Szegedy, Vanhoucke, Ioffe, Shlens, Wojna 2015."""

from typing import Any, ClassVar

from lit_cnns.initialisation import layers_with_weights, truncated_
from lit_cnns.lineage.googlenet import WithAuxiliaryHeads
from lit_cnns.models import InceptionV3


class LitInceptionV3(WithAuxiliaryHeads):
    """Inception v3 (Szegedy et al. 2015), trained by RMSProp on smoothed labels.

    The momentum, the weight decay, the auxiliary loss's weight and the initialisation are those of the code released
    with it (tensorflow/models, inception) or other papers'; this one prints none.

    Args:
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        aux: build the auxiliary head.
        count_padding: average pools divide by 9 at the border too, as in torchvision.
        aux_weight: weight of the auxiliary loss.
        lr: learning rate for batches of 32.
        weight_decay: on weights alone.
        label_smoothing: share of the label spread evenly over all classes, in training only.
    """

    PAPER_OPTIMIZER: ClassVar = ("rmsprop_tf", {"alpha": 0.9, "eps": 1.0})
    PAPER_SCHEDULE: ClassVar = ("decay", {"factor": 0.94, "every": 2})
    PAPER_INIT: ClassVar = ("truncated", 0.0)
    STDS: ClassVar = {"aux.conv2": 0.01, "aux.fc": 0.001, "fc": 0.01}  # of all other layers 0.1

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        aux: bool = True,
        count_padding: bool = False,
        *,
        aux_weight: float = 0.4,
        lr: float = 0.045,
        weight_decay: float = 4e-5,
        decay_on: str = "weights",
        label_smoothing: float = 0.1,
        **training: Any,
    ) -> None:
        net = InceptionV3(num_classes, in_channels, aux, count_padding)
        super().__init__(
            net,
            num_classes,
            lr=lr,
            weight_decay=weight_decay,
            decay_on=decay_on,
            label_smoothing=label_smoothing,
            **training,
        )
        self.aux_weight = aux_weight

    def initialise(self, name: str) -> None:
        super().initialise(name)
        if name == "paper":
            layers = layers_with_weights(self.net)
            for layer, std in self.STDS.items():
                if layer in layers:
                    truncated_(layers[layer], std)
