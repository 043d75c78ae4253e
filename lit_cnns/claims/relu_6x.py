"""AlexNet's figure 1: how much faster a network with ReLU learns than its twin with tanh."""

from .arms import Arm, Run, Runs, Scale, last, when
from .curves import PaperEffect
from .gains import slowdown, slowdown_rule
from .judging import Verdict
from .training import Measure, TrainingClaim

LEVEL = 25.0  # percent of training error
COMMON = {"decay": 0.0, "schedule": "constant"}  # the paper's comparison has no regularisation


def epochs(run: Run) -> float:
    """Epochs until a quarter of the training pictures is wrong."""
    return when(run, "train_error", LEVEL)


def judge(runs: Runs) -> Verdict:
    """Compare the epochs of tanh with those of ReLU."""
    found, word, never = slowdown(runs, "tanh", "ReLU", epochs, "epoch", expected=6.0)
    sentence = f"tanh needs {found.text()} times the epochs of ReLU to {LEVEL:.0f} % training error.{never}"
    return Verdict(word, sentence, found, " times the epochs")


CLAIM = TrainingClaim(
    id="relu_6x",
    arms=(
        Arm("ReLU", "alexnet_cifar_13pct", {**COMMON, "init": "he_fan_in"}, central=True),
        Arm("tanh", "alexnet_cifar_13pct", {**COMMON, "init": "glorot", "activation": "tanh"}, central=True),
    ),
    scales={
        "quick": Scale(epochs=12, rates=(0.01, 0.03), pictures=2000, tuning_epochs=4, seeds=2, batch=64),
        "standard": Scale(epochs=30, rates=(0.001, 0.003, 0.01, 0.03, 0.06), pictures=15000, tuning_epochs=2, batch=64),
        "full": Scale(epochs=100, rates=(0.001, 0.003, 0.01, 0.03, 0.1), tuning_epochs=5, batch=128),
    },
    measures=(
        Measure(epochs, "epochs to 25 % training error", [PaperEffect("tanh", "ReLU", times=6, source="CIFAR-10")]),
    ),
    tuned_by=lambda run: last(run, "train_loss"),
    decide=judge,
    rule="The ratio of the geometric means of the epochs, tanh to ReLU, with Welch's 95 % interval on their "
    f"logarithms, against 1 (no difference) and 6 (the paper). {slowdown_rule('of ReLU')}",
    level=LEVEL,
    image_size=24,
    until=lambda point: point["train_error"] <= LEVEL,
)
