"""Claims by training that one thing lowers the test error: how they are judged."""

from dataclasses import dataclass

from .judging import Verdict, difference, judge_effect
from .training import Run, Runs

ANY = 1e-9  # points: where the paper says that something helps, and not how much


def test_error(run: Run) -> float:
    """Percent of the test pictures that are wrong at the end."""
    return run.test_error


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
        sentence = f"The test error of {self.worse} is above that of {self.better} by {found.text(' points')}{paper}."
        return Verdict(judge_effect(found, nothing=0.0, expected=self.expected), sentence, found)

    @property
    def rule(self) -> str:
        """The rule in words."""
        claimed = "0" if self.expected == ANY else f"0 and {self.expected:g} points (the paper)"
        return (
            f"The difference of the mean test errors, {self.worse} minus {self.better}, with Welch's 95 % interval, "
            f"against {claimed}."
        )
