"""VGG's configurations at small scale: the first three stages of table 1, at half their width, on 32 pixels."""

from collections.abc import Callable

from torch import nn

from lit_cnns.initialisation import initialise
from lit_cnns.models.vgg import TABLE_1, stages

MAPS = [32, 64, 128]  # as `vgg_cifar`, which is B
LARGE = [[5]] * 3  # Section 4.1: each pair of 3 x 3 is one 5 x 5


def with_stages(kernels: list[list[int]]) -> Callable[[nn.Module], None]:
    """What makes `vgg_cifar` a network with these kernels, stage by stage, before its fully connected layers."""

    def change(net: nn.Module) -> None:
        layers = dict(net.named_children())
        first = layers["conv1_1"]
        assert isinstance(first, nn.Conv2d)
        batch_norm = "bn1_1" in layers
        convolutions = list(stages(kernels, MAPS, first.in_channels, batch_norm))
        classifier = list(layers.items())[list(layers).index("flatten") :]
        for name in layers:
            delattr(net, name)
        for name, layer in [*convolutions, *classifier]:
            net.add_module(name, layer)
        initialise(net, "he_fan_in")

    return change


def configuration(letter: str) -> Callable[[nn.Module], None]:
    """What makes `vgg_cifar` the first three stages of a column of table 1."""
    return with_stages(TABLE_1[letter][: len(MAPS)])
