"""AlexNet, Section 4.1: without shifted and mirrored copies of the pictures the network overfits."""

from .arms import COSINE, Arm, Runs, Scale, last
from .gains import ANY, gap
from .judging import EFFECT, Verdict, difference, judge_effect
from .training import Measure, TrainingClaim


def judge(runs: Runs) -> Verdict:
    """Compare the gaps between test and training error."""
    with_it, without = runs["with augmentation"], runs["without augmentation"]
    gaps = difference([gap(run) for run in without], [gap(run) for run in with_it])
    tested = difference([run.test_error for run in without], [run.test_error for run in with_it])
    return Verdict(
        judge_effect(gaps, nothing=0.0, expected=ANY),
        f"Without augmentation the gap between test and training error is wider by {gaps.text(' points')}; the test "
        f"error is higher by {tested.text(' points')}.",
        gaps,
        " points, without - with",
    )


COMMON = {"init": "he_fan_in", **COSINE}
CLAIM = TrainingClaim(
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
    measures=(Measure(gap, "test error - training error at the end, points"),),
    tuned_by=lambda run: last(run, "held_error"),
    decide=judge,
    rule="The difference of the mean gaps between the test error and the training error, which is measured on plain "
    f"pictures, without augmentation minus with, with Welch's 95 % interval, against 0. {EFFECT}",
    image_size=24,
)
