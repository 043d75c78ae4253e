"""Network in Network with the recipes of Lin, Chen, Yan 2013."""

from typing import Any, ClassVar

from lit_cnns.classifier import LitClassifier
from lit_cnns.initialisation import gaussian_, layers_with_weights
from lit_cnns.models import NiN, NiNImageNet


class _GaussianStart(LitClassifier):
    """Weights start from N(0, 0.05^2), as in the authors' file."""

    PAPER_INIT: ClassVar = ("gaussian", 0.0)

    def initialise(self, name: str) -> None:
        super().initialise(name)
        if name == "paper":
            for layer in layers_with_weights(self.net).values():
                gaussian_(layer, 0.05)


class LitNiN(_GaussianStart):
    """Network in Network for CIFAR (Lin, Chen, Yan 2013), by the authors' released file.

    Biases learn twice as fast, the last layer at a tenth.

    Departs from the paper: the learning rate falls to a tenth twice when validation accuracy stops improving, where
    the authors watched training accuracy.

    Args:
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        dropout: share of the maps' values that is dropped after the first two blocks.
        lr: learning rate of the weights for batches of 128.
        weight_decay: on weights alone.
    """

    PAPER_SCHEDULE: ClassVar = ("plateau", {"cuts": 2})

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        dropout: float = 0.5,
        *,
        lr: float = 0.1,
        weight_decay: float = 1e-5,
        **training: Any,
    ) -> None:
        net = NiN(num_classes, in_channels, dropout)
        super().__init__(net, num_classes, lr=lr, weight_decay=weight_decay, **training)

    def parameter_groups(self) -> list[dict[str, Any]]:
        *layers, last = layers_with_weights(self.net).values()
        rates = {**dict.fromkeys(layers, self.lr), last: self.lr / 10}
        weights = [{"params": [x.weight], "lr": lr, "weight_decay": self.weight_decay} for x, lr in rates.items()]
        return [*weights, *({"params": [x.bias], "lr": 2 * lr, "weight_decay": 0.0} for x, lr in rates.items())]


class LitNiNImageNet(_GaussianStart):
    """Network in Network for ImageNet; not in the paper, network and recipe are the model zoo's.

    Args:
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        dropout: share of the maps' values that is dropped before the last block.
        lr: learning rate for batches of 64.
        weight_decay: on weights alone.
    """

    PAPER_SCHEDULE: ClassVar = ("step", {"milestones": [200_000, 400_000], "unit": "step"})

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        dropout: float = 0.5,
        *,
        lr: float = 0.01,
        weight_decay: float = 5e-4,
        decay_on: str = "weights",
        **training: Any,
    ) -> None:
        net = NiNImageNet(num_classes, in_channels, dropout)
        super().__init__(net, num_classes, lr=lr, weight_decay=weight_decay, decay_on=decay_on, **training)
