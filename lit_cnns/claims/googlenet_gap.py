"""GoogLeNet, Section 5: averaging the last maps beats fully connected layers on them by 0.6 points."""

from torch import nn

from lit_cnns.initialisation import initialise

from .arms import COSINE, Arm, Scale
from .gains import Gain

HIDDEN = 256


def fully_connected(net: nn.Module) -> None:
    """Give the last maps to fully connected layers, 4 x 4 places of each, and average nothing."""
    last_layer = net.get_submodule("fc")
    assert isinstance(last_layer, nn.Linear)
    net.pool5 = nn.Identity()
    net.fc = nn.Sequential(
        nn.Linear(16 * last_layer.in_features, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, last_layer.out_features)
    )
    initialise(net.fc, "he_fan_in")


GAIN = Gain("averaged", "fully connected", 0.6, "top-1 on ImageNet")
COMMON = {"init": "he_fan_in", **COSINE}
CLAIM = GAIN.claim(
    id="googlenet_gap",
    arms=(
        Arm("averaged", "googlenet_cifar", COMMON),
        Arm("fully connected", "googlenet_cifar", COMMON, change=fully_connected),
    ),
    scales={
        "quick": Scale(epochs=6, rates=(0.03,), pictures=2000, seeds=2, batch=64),
        "standard": Scale(epochs=14, rates=(0.01, 0.03, 0.06), pictures=5000, tuning_epochs=4, batch=64),
        "full": Scale(epochs=100, rates=(0.01, 0.03, 0.06), tuning_epochs=10),
    },
    augmented=True,
)
