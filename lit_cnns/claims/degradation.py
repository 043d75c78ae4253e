"""ResNet's first observation: a deeper plain network has the higher training error, a deeper residual one has not."""

from .arms import COSINE, Arm, Run, Runs, Scale, last
from .curves import PaperEffect
from .gains import measure_of_test_error
from .judging import Verdict, difference
from .training import Measure, TrainingClaim

UNIT = " points, plain-56 - plain-20"


def training_error(run: Run) -> float:
    """Percent of training pictures that are wrong at the end."""
    return last(run, "train_error")


def judge(runs: Runs) -> Verdict:
    """Compare the deep with the shallow network, plain and residual."""
    errors = {arm: [training_error(run) for run in own] for arm, own in runs.items()}
    plain = difference(errors["plain-56"], errors["plain-20"])
    residual = difference(errors["ResNet-56"], errors["ResNet-20"])
    rescued = difference(errors["plain-56"], errors["ResNet-56"])
    tests = {arm: [run.test_error for run in own] for arm, own in runs.items()}
    tested = [difference(tests[f"{name}-56"], tests[f"{name}-20"]).text(" points") for name in ("plain", "ResNet")]
    sentence = (
        f"From 20 to 56 layers the training error changes by {plain.text(' points')} in plain networks and by "
        f"{residual.text(' points')} in residual ones, the test error by {tested[0]} and by {tested[1]}; at 56 layers "
        f"the training error of plain is above that of residual by {rescued.text(' points')}."
    )
    if plain.high < 0:
        return Verdict("does not hold", sentence, plain, UNIT)
    if plain.low <= 0 or rescued.low <= 0:
        return Verdict("not at this scale", sentence, plain, UNIT)
    return Verdict("holds" if residual.high < 0 else "holds in direction", sentence, plain, UNIT)


PAPER = {"plain": 0.6, "ResNet": -2.85}  # points from 18 to 34 layers: 27.94 to 28.54, 27.88 to 25.03
CLAIM = TrainingClaim(
    id="degradation",
    arms=tuple(
        Arm(
            f"{name}-{depth}",
            f"{name.lower().replace('-', '')}{depth}_cifar",
            COSINE,
        )
        for name in ("plain", "ResNet")
        for depth in (20, 56)
    ),
    scales={
        "quick": Scale(epochs=4, rates=(0.1,), pictures=2000, seeds=2, batch=64),
        "standard": Scale(epochs=12, rates=(0.03, 0.1), pictures=2500, tuning_epochs=3, batch=64),
        "full": Scale(epochs=160, rates=(0.05, 0.1, 0.2), tuning_epochs=20),
    },
    measures=(
        Measure(training_error, "training error at the end, %"),
        measure_of_test_error(
            [
                PaperEffect(f"{name}-56", f"{name}-20", plus=plus, source="18 to 34 layers, ImageNet")
                for name, plus in PAPER.items()
            ]
        ),
    ),
    tuned_by=lambda run: last(run, "train_loss"),
    decide=judge,
    rule="It does not hold if plain-56 ends below plain-20 with Welch's 95 % interval of the difference wholly below "
    "0. It holds if that interval lies wholly above 0, plain-56 ends above ResNet-56 as surely, and ResNet-56 as "
    "surely below ResNet-20; in direction if all but the last is sure. All else is undecided: not at this scale.",
)
