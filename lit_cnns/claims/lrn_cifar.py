"""AlexNet, Section 3.3: response normalisation lowers the error of a four-layer network on CIFAR-10 by two points."""

from torch import nn

from lit_cnns.models import LocalResponseNorm

from .arms import COSINE, Arm, Scale
from .gains import Gain


def without_normalisation(net: nn.Module) -> None:
    """Put an identity in the place of each response normalisation."""
    for name, layer in list(net.named_children()):
        if isinstance(layer, LocalResponseNorm):
            setattr(net, name, nn.Identity())


GAIN = Gain("with LRN", "without LRN", 2.0, "CIFAR-10")
COMMON = {"init": "he_fan_in", **COSINE}
CLAIM = GAIN.claim(
    id="lrn_cifar",
    arms=(
        Arm("with LRN", "alexnet_cifar_11pct", COMMON),
        Arm("without LRN", "alexnet_cifar_11pct", COMMON, change=without_normalisation),
    ),
    scales={
        "quick": Scale(epochs=8, rates=(0.003,), pictures=2000, seeds=2, batch=64),
        "standard": Scale(epochs=12, rates=(0.003, 0.01, 0.03), pictures=4000, tuning_epochs=4, batch=64),
        "full": Scale(epochs=150, rates=(0.001, 0.003, 0.01), tuning_epochs=15),
    },
    image_size=24,
    augmented=True,
)
