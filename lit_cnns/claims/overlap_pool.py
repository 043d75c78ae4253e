"""AlexNet, Section 3.4: windows of pooling that overlap lower the error by 0.4 points."""

from torch import nn

from .gains import Gain, test_error
from .training import Arm, Scale, TrainingClaim, last


def apart(net: nn.Module) -> None:
    """Pool by windows of 2 x 2 that do not overlap, to maps of the same size."""
    for name, layer in list(net.named_children()):
        if isinstance(layer, nn.MaxPool2d):
            setattr(net, name, nn.MaxPool2d(2, 2, ceil_mode=True))


GAIN = Gain("overlapping", "apart", 0.4, "top-1 on ImageNet")
COMMON = {"init": "he_fan_in", "schedule": "cosine", "schedule_args": {"warmup": 1}}
CLAIM = TrainingClaim(
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
    figure_of=test_error,
    measured="test error at the end, %",
    tuned_by=lambda run: last(run, "held_error"),
    decide=GAIN,
    rule=GAIN.rule,
    image_size=24,
    augmented=True,
    curve="held_error",
)
