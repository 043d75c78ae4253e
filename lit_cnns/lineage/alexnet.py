"""AlexNet with the recipe of Krizhevsky, Sutskever, Hinton 2012."""

from typing import Any, ClassVar

from torch.distributed.device_mesh import DeviceMesh

from lit_cnns.classifier import LitClassifier
from lit_cnns.initialisation import gaussian_, layers_with_weights, set_biases
from lit_cnns.models import AlexNet, AlexNetCifar
from lit_cnns.models.alexnet_towers import divide_towers


class LitAlexNet(LitClassifier):
    """AlexNet (Krizhevsky, Sutskever, Hinton 2012).

    Args:
        variant: "two_towers" of the paper, "ungrouped", "one_gpu_half" of its comparison, or BVLC's "bvlc" and
            "caffenet".
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        activation: relu or tanh.
        dropout: share of fc6 and fc7 that is dropped.
        lr: learning rate for batches of 128.
        weight_decay: on weights alone.
        bias: start of the biases of conv2, conv4, conv5, fc6 and fc7 (BVLC's replication took 0.1).
    """

    PAPER_SCHEDULE: ClassVar = ("plateau", {"cuts": 3})
    PAPER_INIT: ClassVar = ("gaussian", 0.0)

    def __init__(
        self,
        variant: str = "two_towers",
        num_classes: int = 1000,
        in_channels: int = 3,
        activation: str = "relu",
        dropout: float = 0.5,
        *,
        lr: float = 0.01,
        weight_decay: float = 5e-4,
        decay_on: str = "weights",
        bias: float = 1.0,
        **training: Any,
    ) -> None:
        self.bias = bias
        net = AlexNet(num_classes, in_channels, variant, activation, dropout)
        super().__init__(net, num_classes, lr=lr, weight_decay=weight_decay, decay_on=decay_on, **training)

    def divide_layers(self, mesh: DeviceMesh) -> None:
        assert isinstance(self.net, AlexNet)
        divide_towers(self.net, mesh)

    def initialise(self, name: str) -> None:
        super().initialise(name)
        if name == "paper":
            set_biases(self.net, dict.fromkeys(("conv2", "conv4", "conv5", "fc6", "fc7"), self.bias))


class LitAlexNetCifar(LitClassifier):
    """The CIFAR-10 networks of the AlexNet paper (Section 3.3), by the authors' released configurations.

    Biases learn twice as fast; weight decay acts on the last three layers alone.

    Args:
        variant: "13pct" without response normalisation, "11pct" with it.
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        activation: relu or tanh.
        image_size: side of the crops, in pixels.
        lr: learning rate of the weights for batches of 128.
        decay: scales the released weight decays (0.004; fc10 of the 11% net 0.01), whatever weight_decay and decay_on
            say.
    """

    PAPER_SCHEDULE: ClassVar = ("step", {"milestones": [500, 510]})
    STDS: ClassVar = {"conv1": 1e-4, "conv2": 0.01, "local3": 0.04, "local4": 0.04, "fc10": 0.01}

    def __init__(
        self,
        variant: str = "13pct",
        num_classes: int = 10,
        in_channels: int = 3,
        activation: str = "relu",
        image_size: int = 24,
        *,
        lr: float = 0.001,
        decay: float = 1.0,
        **training: Any,
    ) -> None:
        self.decays = {"local3": 0.004, "local4": 0.004, "fc10": 0.01 if variant == "11pct" else 0.004}
        self.decay = decay
        net = AlexNetCifar(num_classes, in_channels, variant, activation, image_size)
        super().__init__(net, num_classes, lr=lr, **training)

    def initialise(self, name: str) -> None:
        super().initialise("gaussian" if name == "paper" else name)
        if name == "paper":
            for layer, std in self.STDS.items():
                gaussian_(self.net.get_submodule(layer), std)

    def parameter_groups(self) -> list[dict[str, Any]]:
        layers = layers_with_weights(self.net)
        weights = [
            {"params": [layer.weight], "weight_decay": self.decay * self.decays.get(name, 0.0)}
            for name, layer in layers.items()
        ]
        return [*weights, {"params": [layer.bias for layer in layers.values()], "weight_decay": 0.0, "lr": 2 * self.lr}]
