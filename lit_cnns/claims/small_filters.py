"""VGG, Section 4.1: a deep network with small filters beats a shallow one with larger filters, by 7 points."""

from .arms import COSINE, Arm, Scale
from .gains import Gain
from .small_vggs import LARGE, with_stages

GAIN = Gain("pairs of 3 x 3", "one 5 x 5", 7.0, "top-1 on ImageNet, configuration B")
COMMON = {"init": "he_fan_in", **COSINE}
CLAIM = GAIN.claim(
    id="small_filters",
    arms=(
        Arm("pairs of 3 x 3", "vgg_cifar", COMMON),
        Arm("one 5 x 5", "vgg_cifar", COMMON, change=with_stages(LARGE)),
    ),
    scales={
        "quick": Scale(epochs=8, rates=(0.02,), pictures=2000, seeds=2, batch=64),
        "standard": Scale(epochs=16, rates=(0.01, 0.03, 0.06), pictures=6000, tuning_epochs=4, batch=64),
        "full": Scale(epochs=100, rates=(0.01, 0.03, 0.06), tuning_epochs=10),
    },
    augmented=True,
)
