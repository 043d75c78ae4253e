"""AlexNet, Section 4.2: without dropout the network overfits, with it training takes longer."""

from .arms import Arm, Run, Runs, Scale, last, when
from .curves import PaperEffect
from .gains import ANY, gap, slowdown, slowdown_rule
from .judging import Verdict, difference, judge_effect
from .training import Measure, TrainingClaim

LEVEL = 40.0  # percent of training error


def epochs(run: Run) -> float:
    """Epochs until the training error falls to the level."""
    return when(run, "train_error", LEVEL)


def judge(runs: Runs) -> Verdict:
    """Compare the gaps and the epochs with and without dropout."""
    with_it, without = runs["with dropout"], runs["without"]
    gaps = difference([gap(run) for run in without], [gap(run) for run in with_it])
    tested = difference([run.test_error for run in without], [run.test_error for run in with_it])
    narrower = judge_effect(gaps, 0.0, ANY)
    longer, slower, never = slowdown(runs, "with dropout", "without", epochs, "epoch", expected=2.0)
    sentence = (
        f"Without dropout the gap between test and training error is wider by {gaps.text(' points')}, and the test "
        f"error higher by {tested.text(' points')}; with it, {LEVEL:.0f} % training error takes {longer.text()} times "
        f"the epochs (the paper: about 2).{never}"
    )
    if WORST.index(narrower) > WORST.index(slower):
        return Verdict(narrower, sentence, gaps, " points")
    return Verdict(slower, sentence, longer, " times the epochs")


WORST = ("holds", "holds in direction", "not at this scale", "does not hold")
COMMON = {"init": "he_fan_in", "schedule": "constant"}
CLAIM = TrainingClaim(
    id="dropout_iterations",
    arms=(
        Arm("with dropout", "vgg_cifar", {**COMMON, "dropout": 0.5}),
        Arm("without", "vgg_cifar", {**COMMON, "dropout": 0.0}),
    ),
    scales={
        "quick": Scale(epochs=8, rates=(0.02,), pictures=2000, seeds=2, batch=64),
        "standard": Scale(epochs=24, rates=(0.01, 0.03, 0.06), pictures=5000, tuning_epochs=6, batch=64),
        "full": Scale(epochs=100, rates=(0.01, 0.03, 0.06), tuning_epochs=10),
    },
    measures=(
        Measure(gap, "test error - training error at the end, points"),
        Measure(
            epochs,
            f"epochs to {LEVEL:.0f} % training error",
            [PaperEffect("with dropout", "without", times=2, source="AlexNet on ImageNet")],
        ),
    ),
    level=LEVEL,
    tuned_by=lambda run: last(run, "held_error"),
    decide=judge,
    rule="Two parts, of which the worse decides: the difference of the gaps, without minus with, against 0; and the "
    "ratio of the epochs to 40 % training error, with to without, against 1 and 2 (the paper); Welch's 95 % "
    f"intervals. {slowdown_rule('without dropout')}",
)
