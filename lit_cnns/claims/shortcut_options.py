"""ResNet, Table 3: zeros for new maps (A), projections where the shape changes (B) or everywhere (C) differ little.

The paper compares them at 34 layers on ImageNet; here the CIFAR form of 20 layers has them.
"""

from itertools import combinations

from .arms import COSINE, Arm, Runs, Scale
from .curves import PaperEffect
from .gains import on_test_error
from .judging import Verdict, difference, judge_sameness

PAPER = {"B": -0.51, "C": -0.84}  # points of top-1 error from A: 25.03, 24.52, 24.19
MARGIN = 1.0  # points; the paper's A and C are 0.84 apart


def judge(runs: Runs) -> Verdict:
    """Compare each pair of options."""
    found = {
        f"{a} - {b}": difference([run.test_error for run in runs[a]], [run.test_error for run in runs[b]])
        for a, b in combinations(runs, 2)
    }
    told = "; ".join(f"{pair} {one.text()}" for pair, one in found.items())
    pair, widest = max(found.items(), key=lambda one: abs(one[1].value))
    sentence = f"Differences of the test error in points: {told}."
    return Verdict(judge_sameness([*found.values()], MARGIN), sentence, widest, f" points, {pair}")


CLAIM = on_test_error(
    id="shortcut_options",
    arms=tuple(Arm(f"option {option}", "resnet20_cifar", {"shortcut": option, **COSINE}) for option in "ABC"),
    scales={
        "quick": Scale(epochs=4, rates=(0.1,), pictures=2000, seeds=2, batch=64),
        "standard": Scale(epochs=12, rates=(0.05, 0.1), pictures=5000, tuning_epochs=4, batch=64),
        "full": Scale(epochs=160, rates=(0.05, 0.1, 0.2), tuning_epochs=20, seeds=5),
    },
    decide=judge,
    rule="They differ little if Welch's 95 % interval of each pair's difference lies within 1 point of 0 (the "
    "paper's A and C are 0.84 apart); they do not if one interval lies wholly outside; else it is undecided.",
    augmented=True,
    paper=[
        PaperEffect(f"option {option}", "option A", plus=plus, source="top-1 on ImageNet")
        for option, plus in PAPER.items()
    ],
)
