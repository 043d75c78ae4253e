"""Batch Normalization, Section 4.2: the network reaches the same accuracy in many times fewer steps."""

from .arms import Arm, Run, Runs, Scale, last, when
from .curves import PaperEffect
from .gains import slowdown, slowdown_rule
from .judging import Verdict
from .training import Measure, TrainingClaim

LEVEL = 45.0  # percent of held-out error, which both arms reach at each scale


def steps(run: Run) -> float:
    """Steps until the error on the held-out pictures falls to the level."""
    return when(run, "held_error", LEVEL, "step")


def judge(runs: Runs) -> Verdict:
    """Compare the steps without and with batch norm."""
    found, word, never = slowdown(runs, "without", "with batch norm", steps, "step", expected=14.0)
    sentence = f"Without batch norm it takes {found.text()} times the steps to {LEVEL:.0f} % error; the paper has 14."
    return Verdict(word, f"{sentence}{never}", found, " times the steps")


COMMON = {"init": "he_fan_in", "dropout": 0.0, "schedule": "constant"}
CLAIM = TrainingClaim(
    id="bn_speed",
    arms=(
        Arm("with batch norm", "vgg_cifar", {**COMMON, "batch_norm": True}),
        Arm("without", "vgg_cifar", {**COMMON, "batch_norm": False}),
    ),
    scales={
        "quick": Scale(epochs=10, rates=(0.02, 0.1), pictures=2000, tuning_epochs=4, seeds=2, batch=64),
        "standard": Scale(epochs=24, rates=(0.01, 0.03, 0.1, 0.3), pictures=8000, tuning_epochs=4, batch=64),
        "full": Scale(epochs=60, rates=(0.01, 0.03, 0.1, 0.3), tuning_epochs=10),
    },
    measures=(
        Measure(
            steps,
            "steps to 45 % error on held-out pictures",
            [PaperEffect("without", "with batch norm", times=14, source="Inception on ImageNet")],
        ),
    ),
    tuned_by=lambda run: last(run, "held_error"),
    decide=judge,
    rule="The ratio of the geometric means of the steps, without to with, with Welch's 95 % interval on their "
    "logarithms, against 1 (no difference) and 14 (the paper's BN-x5 beside Inception). "
    f"{slowdown_rule('with batch norm')}",
    augmented=True,
    until=lambda point: point["held_error"] <= LEVEL,
    curve="held_error",
    level=LEVEL,
)
