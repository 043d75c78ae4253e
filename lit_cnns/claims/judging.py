"""From measured values to a verdict, by rules that are stated."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, variance
from typing import Literal

Word = Literal["holds", "holds in direction", "not at this scale", "does not hold"]
CONFIDENCE = 0.95
EFFECT = (  # the rule of `judge_effect` in words
    "Where the interval lies wholly beyond no difference, it holds if it reaches what is claimed, else in direction; "
    "wholly on the other side it does not hold; all else is undecided."
)


@dataclass(frozen=True)
class Interval:
    """An estimate and its 95 % confidence interval, without bounds where the values show no spread."""

    value: float
    low: float
    high: float

    def text(self, unit: str = "") -> str:
        """As it stands in a sentence."""
        if self.high == math.inf:
            return f"{self.value:.3g}{unit} (no interval: the runs show no spread)"
        return f"{self.value:.3g}{unit} (95 % interval {self.low:.3g} to {self.high:.3g})"


@dataclass(frozen=True)
class Verdict:
    """What was found.

    Args:
        word: whether the statement holds.
        sentence: the finding, with its uncertainty.
        value: the figure that was judged, with its interval; none where the rule knows only yes and no.
        unit: of that figure, as it stands behind it.
    """

    word: Word
    sentence: str
    value: Interval | None = None
    unit: str = ""


def difference(a: Sequence[float], b: Sequence[float]) -> Interval:
    """mean(a) - mean(b) of independent runs, with Welch's interval; without bounds where no run differs from another.

    Raises:
        ValueError: fewer than two values on a side; without them nothing is known of the spread.
    """
    if min(len(a), len(b)) < 2:
        raise ValueError(f"An interval needs two seeds or more of each arm, not {len(a)} and {len(b)}.")
    from scipy import stats

    parts = [variance(a) / len(a), variance(b) / len(b)]
    error = math.sqrt(sum(parts))
    value = mean(a) - mean(b)
    if error == 0:
        return Interval(value, -math.inf, math.inf)
    freedom = sum(parts) ** 2 / sum(p**2 / (n - 1) for p, n in zip(parts, (len(a), len(b)), strict=True))
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * error
    return Interval(value, value - reach, value + reach)


def mean_of(values: Sequence[float]) -> Interval:
    """The mean of independent runs, with Student's interval; without bounds where no run differs from another.

    Raises:
        ValueError: fewer than two values.
    """
    if len(values) < 2:
        raise ValueError(f"An interval needs two seeds or more, not {len(values)}.")
    from scipy import stats

    error = math.sqrt(variance(values) / len(values))
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)) * error if error else math.inf
    return Interval(mean(values), mean(values) - reach, mean(values) + reach)


def geometric_mean_of(values: Sequence[float]) -> Interval:
    """The geometric mean of independent runs, all positive, with Student's interval of their logarithms.

    Raises:
        ValueError: fewer than two values.
    """
    return _of_logs(mean_of([math.log(x) for x in values]))


def slope(points: Sequence[tuple[float, float]]) -> Interval:
    """How y changes with x, by least squares, with Student's interval.

    Raises:
        ValueError: fewer than three points.
    """
    if len(points) < 3:
        raise ValueError(f"A slope with its interval needs three points or more, not {len(points)}.")
    from scipy import stats

    found = stats.linregress(*zip(*points, strict=True))
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(points) - 2)) * float(found.stderr)
    return Interval(float(found.slope), float(found.slope) - reach, float(found.slope) + reach)


def ratio(a: Sequence[float], b: Sequence[float]) -> Interval:
    """The ratio of the geometric means of a and b, all positive, with its interval."""
    return _of_logs(difference([math.log(x) for x in a], [math.log(x) for x in b]))


def _of_logs(found: Interval) -> Interval:
    return Interval(math.exp(found.value), math.exp(found.low), math.exp(found.high))


def judge_effect(found: Interval, nothing: float, expected: float) -> Word:
    """Judge an effect against none and against the one that was claimed.

    It holds if the whole interval lies on the claimed side of `nothing` and reaches `expected`, or goes beyond; in
    direction if it lies on that side and stays short of `expected`. It does not hold if the whole interval lies on
    the other side; an interval that contains `nothing` decides nothing: not at this scale.
    """
    up = expected > nothing
    low, high = (found.low, found.high) if up else (-found.high, -found.low)
    none, claimed = (nothing, expected) if up else (-nothing, -expected)
    if low > none:
        return "holds" if high >= claimed else "holds in direction"
    return "does not hold" if high < none else "not at this scale"


def judge_sameness(found: Sequence[Interval], margin: float) -> Word:
    """Judge whether values differ by no more than `margin`: all intervals within it, or one of them wholly outside."""
    if all(-margin <= one.low and one.high <= margin for one in found):
        return "holds"
    outside = any(one.low > margin or one.high < -margin for one in found)
    return "does not hold" if outside else "not at this scale"
