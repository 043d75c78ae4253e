"""The rules that turn measured values into verdicts."""

import math

import pytest

from lit_cnns.claims.judging import (
    Interval,
    difference,
    geometric_mean_of,
    judge_effect,
    judge_sameness,
    mean_of,
    ratio,
)


def test_a_difference_has_welchs_interval():
    # by hand: means 4 and 1, variances 1 and 4 of three values each, 2.94 degrees of freedom, t = 3.2083
    found = difference([3.0, 4.0, 5.0], [-1.0, 1.0, 3.0])
    freedom = (5 / 3) ** 2 / ((1 / 3) ** 2 / 2 + (4 / 3) ** 2 / 2)
    assert freedom == pytest.approx(2.941, abs=1e-3)
    assert found.value == 3
    assert found.high - found.value == pytest.approx(3.2203 * math.sqrt(5 / 3), rel=2e-3)
    assert found.value - found.low == pytest.approx(found.high - found.value)


def test_a_ratio_is_that_of_geometric_means():
    found = ratio([8.0, 32.0], [2.0, 8.0])
    assert found.value == pytest.approx(4)
    assert found.low < 4 < found.high


def test_values_without_spread_give_no_interval():
    for found in (difference([2.0, 2.0], [1.0, 1.0]), ratio([2.0, 2.0], [1.0, 1.0]), mean_of([1.0, 1.0])):
        assert found.text() == f"{found.value:.3g} (no interval: the runs show no spread)"
        assert judge_effect(found, nothing=0.5, expected=0.7) == "not at this scale"
    assert judge_sameness([difference([2.0, 2.0], [2.0, 2.0])], margin=1.0) == "not at this scale"


def test_one_seed_gives_no_interval():
    with pytest.raises(ValueError, match="two seeds or more"):
        difference([1.0], [1.0, 2.0])


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (4.0, 7.0, "holds"),  # reaches 6
        (7.0, 9.0, "holds"),  # beyond it
        (2.0, 4.0, "holds in direction"),
        (0.5, 7.0, "not at this scale"),  # contains 1
        (0.2, 0.9, "does not hold"),
    ],
)
def test_an_effect_is_judged_by_its_whole_interval(low, high, word):
    assert judge_effect(Interval((low + high) / 2, low, high), nothing=1.0, expected=6.0) == word
    mirrored = Interval(-(low + high) / 2, -high, -low)
    assert judge_effect(mirrored, nothing=-1.0, expected=-6.0) == word


@pytest.mark.parametrize(
    ("intervals", "word"),
    [
        ([(-0.5, 0.5), (0.1, 0.9)], "holds"),
        ([(-0.5, 0.5), (0.1, 1.9)], "not at this scale"),
        ([(-0.5, 0.5), (1.1, 1.9)], "does not hold"),
        ([(-3.0, -1.5), (-5.0, 5.0)], "does not hold"),
    ],
)
def test_sameness_needs_every_interval_within_the_margin(intervals, word):
    found = [Interval((low + high) / 2, low, high) for low, high in intervals]
    assert judge_sameness(found, margin=1.0) == word


def test_a_geometric_mean_has_the_interval_of_the_logarithms():
    found = geometric_mean_of([1.0, 100.0, 10.0])
    assert found.value == pytest.approx(10)
    # logarithms to base ten 0, 1, 2: standard deviation 1, t of two degrees 4.3027
    assert found.high == pytest.approx(10 ** (1 + 4.3027 / math.sqrt(3)), rel=1e-3)
