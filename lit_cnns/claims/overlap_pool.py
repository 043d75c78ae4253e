"""AlexNet, Section 3.4: windows of pooling that overlap lower the error by 0.4 points."""

from torch import nn

from .arms import COSINE, Arm, Scale
from .gains import Gain


def apart(net: nn.Module) -> None:
    """Pool by windows of 2 x 2 that do not overlap, to maps of the same size."""
    for name, layer in list(net.named_children()):
        if isinstance(layer, nn.MaxPool2d):
            setattr(net, name, nn.MaxPool2d(2, 2, ceil_mode=True))


GAIN = Gain("overlapping", "apart", 0.4, "top-1 on ImageNet")
COMMON = {"init": "he_fan_in", **COSINE}
CLAIM = GAIN.claim(
    id="overlap_pool",
    arms=(
        Arm("overlapping", "alexnet_cifar_13pct", COMMON),
        Arm("apart", "alexnet_cifar_13pct", COMMON, change=apart),
    ),
    scales={
        "quick": Scale(epochs=8, rates=(0.003,), pictures=2000, seeds=2, batch=64),
        "standard": Scale(epochs=14, rates=(0.003, 0.01, 0.03), pictures=8000, tuning_epochs=4, batch=64),
        "full": Scale(epochs=150, rates=(0.001, 0.003, 0.01), tuning_epochs=15),
    },
    image_size=24,
    augmented=True,
)
