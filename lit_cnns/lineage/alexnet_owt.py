"""The one-tower AlexNet with the recipe of Krizhevsky 2014."""

from typing import Any, ClassVar

from lit_cnns.classifier import LitClassifier
from lit_cnns.initialisation import gaussian_, set_biases
from lit_cnns.models import AlexNetOWT


class LitAlexNetOWT(LitClassifier):
    """The one-tower AlexNet (Krizhevsky 2014), 90 passes with three cuts of the learning rate at each quarter.

    Departs from the paper: softmax in place of its independent logistic units, as in the author's released file; the
    biases learn as fast as the weights. The start is that file's, too.

    Args:
        variant: "released", which is torchvision's alexnet, or "paper".
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        dropout: share of units that is dropped, twice.
        lr: learning rate for batches of 128.
        weight_decay: on weights alone.
        bias: start of the biases of conv2, conv4, conv5, fc6 and fc7.
    """

    PAPER_SCHEDULE: ClassVar = ("step", {"milestones": [22.5, 45, 67.5], "factor": 250 ** (-1 / 3)})
    PAPER_INIT: ClassVar = ("gaussian", 0.0)

    def __init__(
        self,
        variant: str = "released",
        num_classes: int = 1000,
        in_channels: int = 3,
        dropout: float = 0.5,
        *,
        lr: float = 0.01,
        weight_decay: float = 5e-4,
        decay_on: str = "weights",
        bias: float = 1.0,
        **training: Any,
    ) -> None:
        self.bias = bias
        net = AlexNetOWT(num_classes, in_channels, variant, dropout)
        super().__init__(net, num_classes, lr=lr, weight_decay=weight_decay, decay_on=decay_on, **training)

    def initialise(self, name: str) -> None:
        super().initialise(name)
        if name == "paper":
            for layer in ("conv3", "conv4", "conv5"):
                gaussian_(self.net.get_submodule(layer), 0.03)
            set_biases(self.net, dict.fromkeys(("conv2", "conv4", "conv5", "fc6", "fc7"), self.bias))
