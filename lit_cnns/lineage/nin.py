"""Network in Network with the recipes of Lin, Chen, Yan 2013."""

from typing import Any, ClassVar

from lit_cnns.classifier import LitClassifier
from lit_cnns.initialisation import gaussian_, layers_with_weights
from lit_cnns.models import NiN, NiNImageNet


class _ByItsFile(LitClassifier):
    """Weights start from a normal distribution; biases learn twice as fast and do not decay."""

    PAPER_INIT: ClassVar = ("gaussian", 0.0)
    STDS: ClassVar[dict[str, float]] = {}  # of all other layers 0.05
    SLOWER: ClassVar = 1  # what the rate of the last layer is divided by

    def initialise(self, name: str) -> None:
        super().initialise(name)
        if name == "paper":
            for layer, module in layers_with_weights(self.net).items():
                gaussian_(module, self.STDS.get(layer, 0.05))

    def parameter_groups(self) -> list[dict[str, Any]]:
        *layers, last = layers_with_weights(self.net).values()
        rates = {**dict.fromkeys(layers, self.lr), last: self.lr / self.SLOWER}
        weights = [{"params": [x.weight], "lr": lr, "weight_decay": self.weight_decay} for x, lr in rates.items()]
        return [*weights, *({"params": [x.bias], "lr": 2 * lr, "weight_decay": 0.0} for x, lr in rates.items())]


class LitNiN(_ByItsFile):
    """Network in Network for CIFAR-10 (Lin, Chen, Yan 2013), by the authors' released file.

    Biases learn twice as fast, the last layer at a tenth.

    Departs from the paper: the learning rate falls to a tenth twice when validation accuracy stops improving, where
    the authors watched training accuracy.

    Args:
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        dropout: share of the maps' values that is dropped after the first two blocks.
        lr: learning rate of the weights for batches of 128.
        weight_decay: on weights alone, whatever decay_on says.
    """

    PAPER_SCHEDULE: ClassVar = ("plateau", {"cuts": 2})
    SLOWER: ClassVar = 10

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        dropout: float = 0.5,
        *,
        lr: float = 0.1,
        weight_decay: float = 1e-4,
        **training: Any,
    ) -> None:
        net = NiN(num_classes, in_channels, dropout)
        super().__init__(net, num_classes, lr=lr, weight_decay=weight_decay, **training)


class LitNiNCifar100(LitNiN):
    """Network in Network for CIFAR-100, by the authors' other file: a fifth of the rate, no slower last layer.

    Args:
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        dropout: share of the maps' values that is dropped after the first two blocks.
        lr: learning rate of the weights for batches of 128.
        weight_decay: on weights alone, whatever decay_on says.
    """

    STDS: ClassVar = {"conv1": 0.001, "cccp1": 0.01, "cccp2": 0.01}
    SLOWER: ClassVar = 1

    def __init__(
        self,
        num_classes: int = 100,
        in_channels: int = 3,
        dropout: float = 0.5,
        *,
        lr: float = 0.02,
        weight_decay: float = 5e-4,
        **training: Any,
    ) -> None:
        super().__init__(num_classes, in_channels, dropout, lr=lr, weight_decay=weight_decay, **training)


class LitNiNImageNet(_ByItsFile):
    """Network in Network for ImageNet; not in the paper, network and recipe are the model zoo's.

    Biases learn twice as fast.

    Args:
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        dropout: share of the maps' values that is dropped before the last block.
        lr: learning rate of the weights for batches of 64.
        weight_decay: on weights alone, whatever decay_on says.
    """

    PAPER_SCHEDULE: ClassVar = ("step", {"milestones": [200_000, 400_000], "unit": "step"})
    STDS: ClassVar = {"conv1": 0.01, "conv3": 0.01, "cccp8": 0.01}

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        dropout: float = 0.5,
        *,
        lr: float = 0.01,
        weight_decay: float = 5e-4,
        **training: Any,
    ) -> None:
        net = NiNImageNet(num_classes, in_channels, dropout)
        super().__init__(net, num_classes, lr=lr, weight_decay=weight_decay, **training)
