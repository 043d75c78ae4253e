"""GoogLeNet, Section 5: two auxiliary classifiers help the layers below them to learn."""

from .gains import Gain, test_error
from .training import Arm, Scale, TrainingClaim, last

GAIN = Gain("with heads", "without")
COMMON = {"init": "he_fan_in", "schedule": "cosine", "schedule_args": {"warmup": 1}}
CLAIM = TrainingClaim(
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
    figure_of=test_error,
    measured="test error at the end, %",
    tuned_by=lambda run: last(run, "held_error"),
    decide=GAIN,
    rule=GAIN.rule,
    augmented=True,
    curve="held_error",
)
