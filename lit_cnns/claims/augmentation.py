"""AlexNet, Section 4.1: without shifted and mirrored copies of the pictures the network overfits."""

from .gains import Gain
from .training import COSINE, Arm, Scale

GAIN = Gain("with augmentation", "without augmentation")
COMMON = {"init": "he_fan_in", **COSINE}
CLAIM = GAIN.claim(
    id="augmentation",
    arms=(
        Arm("with augmentation", "alexnet_cifar_13pct", COMMON, {"flip": True}),
        Arm("without augmentation", "alexnet_cifar_13pct", COMMON, central=True),
    ),
    scales={
        "quick": Scale(epochs=8, rates=(0.003,), pictures=2000, seeds=2, batch=64),
        "standard": Scale(epochs=30, rates=(0.003, 0.01, 0.03), pictures=8000, tuning_epochs=4, batch=64),
        "full": Scale(epochs=150, rates=(0.001, 0.003, 0.01), tuning_epochs=15),
    },
    image_size=24,
)
