"""Claims by training that one thing lowers the test error: how they are judged."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .arms import Arm, Run, Runs, Scale, last
from .claim import Budget
from .curves import PaperEffect
from .judging import EFFECT, Interval, Verdict, Word, difference, judge_effect, ratio
from .training import Measure, TrainingClaim

ANY = 1e-9  # points: where the paper says that something helps, and not how much


def test_error(run: Run) -> float:
    """Percent of the test pictures that are wrong at the end."""
    return run.test_error


def measure_of_test_error(paper: Sequence[PaperEffect] = ()) -> Measure:
    """What is drawn of the test errors, and of the paper's effect on them."""
    return Measure(test_error, "test error at the end, %", paper)


def gap(run: Run) -> float:
    """How many points the test error lies above the training error at the end."""
    return run.test_error - last(run, "train_error")


def on_test_error(
    id: str,
    arms: tuple[Arm, ...],
    scales: Mapping[Budget, Scale],
    decide: Callable[[Runs], Verdict],
    rule: str,
    paper: Sequence[PaperEffect] = (),
    **more: Any,
) -> TrainingClaim:
    """A claim that is judged by the test error; rates are chosen by the error on held-out pictures, which is drawn."""
    return TrainingClaim(
        id=id,
        arms=arms,
        scales=scales,
        measures=(measure_of_test_error(paper),),
        tuned_by=lambda run: last(run, "held_error"),
        decide=decide,
        rule=rule,
        curve="held_error",
        **more,
    )


def slowdown(
    runs: Runs, slow: str, fast: str, needed: Callable[[Run], float], unit: str, expected: float
) -> tuple[Interval, Word, str]:
    """How many times longer one arm needs than another; a run that never got there counts as long as the longest.

    Args:
        runs: of both arms.
        slow: the arm that is said to need longer.
        fast: the other. Where one of its runs never got there, the ratio decides nothing.
        needed: how long a run needs; infinite where it never got there.
        unit: of the curve in which that is counted, `epoch` or `step`.
        expected: the ratio that the paper has.

    Returns:
        The ratio, the verdict, and a sentence on the runs that never got there, empty where all did.
    """
    arms = {arm: runs[arm] for arm in (slow, fast)}
    longest = max(last(run, unit) for own in arms.values() for run in own)
    found = ratio(*([min(needed(run), longest) for run in own] for own in arms.values()))
    never = {arm: sum(math.isinf(needed(run)) for run in own) for arm, own in arms.items()}
    left = [
        f" {arm}: {count} of {len(arms[arm])} runs never got there, which counts as the longest of all."
        for arm, count in never.items()
        if count
    ]
    word: Word = "not at this scale" if never[fast] else judge_effect(found, nothing=1.0, expected=expected)
    return found, word, "".join(left)


def slowdown_rule(fast: str) -> str:
    """The rule of `slowdown` in words; `fast` is what the runs are that are said to need less, such as `of ReLU`."""
    return (
        f"A run that never gets there counts as the longest of all; if one {fast} does not, it is undecided. {EFFECT}"
    )


@dataclass(frozen=True)
class Gain:
    """How much lower the test error of one arm is than that of another.

    Args:
        better: the arm that the paper finds better.
        worse: the other.
        expected: points that the paper has; `ANY` where it has none.
        source: what the paper's figure belongs to.
    """

    better: str
    worse: str
    expected: float = ANY
    source: str = ""

    def __call__(self, runs: Runs) -> Verdict:
        """Apply the rule."""
        found = difference(*([run.test_error for run in runs[arm]] for arm in (self.worse, self.better)))
        paper = f"; the paper has {self.expected:g} ({self.source})" if self.expected != ANY else ""
        sentence = f"Test error, {self.worse} minus {self.better}: {found.text(' points')}{paper}."
        unit = f" points, {self.worse} - {self.better}"
        return Verdict(judge_effect(found, nothing=0.0, expected=self.expected), sentence, found, unit)

    def claim(self, id: str, arms: tuple[Arm, ...], scales: Mapping[Budget, Scale], **more: Any) -> TrainingClaim:
        """A claim that is judged so."""
        mark = PaperEffect(self.worse, self.better, plus=self.expected, source=self.source)
        paper = [mark] if self.expected != ANY else []
        return on_test_error(id, arms, scales, self, self.rule, paper=paper, **more)

    @property
    def rule(self) -> str:
        """The rule in words."""
        claimed = "0" if self.expected == ANY else f"0 and {self.expected:g} points (the paper)"
        return (
            f"The difference of the mean test errors, {self.worse} minus {self.better}, with Welch's 95 % interval, "
            f"against {claimed}. {EFFECT}"
        )
