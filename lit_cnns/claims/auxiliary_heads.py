"""GoogLeNet, Section 5: two auxiliary classifiers help the layers below them to learn."""

from .arms import COSINE, Arm, Scale
from .gains import Gain

GAIN = Gain("with heads", "without")
COMMON = {"init": "he_fan_in", **COSINE}
CLAIM = GAIN.claim(
    id="auxiliary_heads",
    arms=(
        Arm("with heads", "googlenet_cifar", {**COMMON, "aux": True}),
        Arm("without", "googlenet_cifar", {**COMMON, "aux": False}),
    ),
    scales={
        "quick": Scale(epochs=6, rates=(0.03,), pictures=2000, seeds=2, batch=64),
        "standard": Scale(epochs=14, rates=(0.01, 0.03, 0.06), pictures=5000, tuning_epochs=4, batch=64),
        "full": Scale(epochs=100, rates=(0.01, 0.03, 0.06), tuning_epochs=10),
    },
    augmented=True,
)
