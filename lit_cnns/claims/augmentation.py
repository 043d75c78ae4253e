"""AlexNet, Section 4.1: without shifted and mirrored copies of the pictures the network overfits."""

from .gains import Gain, test_error
from .training import Arm, Scale, TrainingClaim, last

GAIN = Gain("with augmentation", "without")
COMMON = {"init": "he_fan_in", "schedule": "cosine", "schedule_args": {"warmup": 1}}
CLAIM = TrainingClaim(
    id="augmentation",
    arms=(
        Arm("with augmentation", "alexnet_cifar_13pct", COMMON, {"flip": True}),
        Arm("without", "alexnet_cifar_13pct", COMMON),
    ),
    scales={
        "quick": Scale(epochs=8, rates=(0.003,), pictures=2000, seeds=2, batch=64),
        "standard": Scale(epochs=30, rates=(0.003, 0.01, 0.03), pictures=8000, tuning_epochs=4, batch=64),
        "full": Scale(epochs=150, rates=(0.001, 0.003, 0.01), tuning_epochs=15),
    },
    figure_of=test_error,
    measured="test error at the end, %",
    tuned_by=lambda run: last(run, "held_error"),
    decide=GAIN,
    rule=GAIN.rule,
    image_size=24,
    curve="held_error",
)
