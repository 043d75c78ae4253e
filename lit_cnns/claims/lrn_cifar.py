"""AlexNet, Section 3.3: response normalisation lowers the error of a four-layer network on CIFAR-10 by two points."""

from torch import nn

from lit_cnns.models import LocalResponseNorm

from .curves import PaperEffect
from .gains import on_test_error
from .judging import Verdict, difference, judge_effect
from .training import COSINE, Arm, Runs, Scale


def without_normalisation(net: nn.Module) -> None:
    """Put an identity in the place of each response normalisation."""
    for name, layer in list(net.named_children()):
        if isinstance(layer, LocalResponseNorm):
            setattr(net, name, nn.Identity())


def judge(runs: Runs) -> Verdict:
    """Compare the test errors without and with normalisation."""
    found = difference([run.test_error for run in runs["without"]], [run.test_error for run in runs["with LRN"]])
    sentence = f"Without response normalisation the test error is higher by {found.text(' points')}; the paper has 2."
    return Verdict(judge_effect(found, nothing=0.0, expected=2.0), sentence, found)


COMMON = {"init": "he_fan_in", **COSINE}
CLAIM = on_test_error(
    id="lrn_cifar",
    arms=(
        Arm("with LRN", "alexnet_cifar_11pct", COMMON),
        Arm("without", "alexnet_cifar_11pct", COMMON, change=without_normalisation),
    ),
    scales={
        "quick": Scale(epochs=8, rates=(0.003,), pictures=2000, seeds=2, batch=64),
        "standard": Scale(epochs=12, rates=(0.003, 0.01, 0.03), pictures=4000, tuning_epochs=4, batch=64),
        "full": Scale(epochs=150, rates=(0.001, 0.003, 0.01), tuning_epochs=15),
    },
    decide=judge,
    rule="The difference of the mean test errors, without minus with, with Welch's 95 % interval, against 0 and 2 "
    "points.",
    image_size=24,
    augmented=True,
    paper=[PaperEffect("without", "with LRN", plus=2, source="CIFAR-10")],
)
