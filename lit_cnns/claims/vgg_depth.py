"""VGG, Section 4.1: the error falls with the depth from configuration A to E, and no further from D to E."""

from itertools import pairwise

from .arms import COSINE, Arm, Runs, Scale
from .curves import PaperEffect
from .gains import on_test_error
from .judging import Verdict, difference
from .small_vggs import configuration

UNIT = " points, A - D"


def judge(runs: Runs) -> Verdict:
    """Compare the shallowest with D, and each with the next."""
    errors = {arm: [run.test_error for run in own] for arm, own in runs.items()}
    gain = difference(errors["A"], errors["D"])
    steps = {(a, b): difference(errors[a], errors[b]) for a, b in pairwise(errors)}
    told = "; ".join(f"{a} to {b} {one.text()}" for (a, b), one in steps.items())
    sentence = f"From A to D the test error falls by {gain.text(' points')}; step by step: {told}."
    if gain.high < 0:
        return Verdict("does not hold", sentence, gain, UNIT)
    if gain.low <= 0:
        return Verdict("not at this scale", sentence, gain, UNIT)
    rises = any(one.high < 0 for pair, one in steps.items() if pair != ("D", "E"))
    falls_on = steps["D", "E"].low > 0
    return Verdict("holds in direction" if rises or falls_on else "holds", sentence, gain, UNIT)


PAPER = {"B": -0.9, "C": -1.5, "D": -2.6, "E": -2.3}  # points of top-1 error from A, all trained on one scale
COMMON = {"init": "he_fan_in", **COSINE}
CLAIM = on_test_error(
    id="vgg_depth",
    arms=tuple(Arm(letter, "vgg_cifar", COMMON, change=configuration(letter)) for letter in "ABCDE"),
    scales={
        "quick": Scale(epochs=8, rates=(0.02,), pictures=2000, seeds=2, batch=64),
        "standard": Scale(epochs=14, rates=(0.01, 0.03), pictures=5000, tuning_epochs=4, batch=64),
        "full": Scale(epochs=100, rates=(0.01, 0.03, 0.06), tuning_epochs=10),
    },
    decide=judge,
    rule="The difference of the mean test errors, A minus D, with Welch's 95 % interval: wholly above 0, no step "
    "before D surely up and that to E not surely down: holds; wholly above 0: in direction; wholly below: it does not "
    "hold; else: not at this scale.",
    augmented=True,
    paper=[PaperEffect(letter, "A", plus=plus, source="top-1 on ImageNet") for letter, plus in PAPER.items()],
)
