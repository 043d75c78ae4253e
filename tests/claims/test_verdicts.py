"""Verdicts follow from the data: with the effect taken out of it, or turned round, they change."""

import pytest

from lit_cnns import claims
from lit_cnns.claims.arms import Run

CURVE = [{"epoch": float(e), "step": 100.0 * e} for e in range(1, 11)]


def made(arm: str, seed: int, errors: list[float], test_error: float = 30.0) -> Run:
    """A run whose training and held-out errors are given, epoch by epoch."""
    curve = [
        {**point, "train_loss": error / 50, "train_error": error, "held_error": error}
        for point, error in zip(CURVE, errors, strict=False)
    ]
    return Run(arm, 0.1, seed, curve, test_error, 1.0)


def falling(start: float, factor: float, seed: int) -> list[float]:
    return [start * factor**epoch + 0.1 * seed for epoch in range(10)]


def swapped(runs: dict[str, list[Run]]) -> dict[str, list[Run]]:
    names = list(runs)
    return dict(zip(names, reversed(list(runs.values())), strict=True))


def mixed(runs: dict[str, list[Run]]) -> dict[str, list[Run]]:
    """The same runs dealt out anew, so that no arm differs from another."""
    pool = [run for place in range(3) for own in runs.values() for run in own[place : place + 1]]
    dealt = {name: pool[place :: len(runs)] for place, name in enumerate(runs)}
    # every second run changes sides
    names = list(dealt)
    for a, b in zip(names[::2], names[1::2], strict=False):
        dealt[a][0], dealt[b][0] = dealt[b][0], dealt[a][0]
    return dealt


FAST_AND_SLOW = {
    "relu_6x": ("ReLU", "tanh"),
    "bn_speed": ("with batch norm", "without"),
}


@pytest.mark.parametrize("id", FAST_AND_SLOW)
def test_a_claim_of_speed_follows_the_epochs(id):
    fast, slow = FAST_AND_SLOW[id]
    claim = claims.claim(id)
    runs = {
        fast: [made(fast, seed, falling(80, 0.5, seed)) for seed in range(3)],
        slow: [made(slow, seed, falling(80, 0.85, seed)) for seed in range(3)],
    }
    assert claim.decide(runs).word == "holds in direction"
    assert claim.decide(mixed(runs)).word == "not at this scale"
    assert claim.decide(swapped(runs)).word == "does not hold"


@pytest.mark.parametrize("id", FAST_AND_SLOW)
def test_a_run_that_never_gets_there_is_not_the_fastest(id):
    fast, slow = FAST_AND_SLOW[id]
    claim, learns = claims.claim(id), [made("", seed, falling(80, 0.5, seed)) for seed in range(3)]
    apart = [made("", seed, [90.0]) for seed in range(3)]  # each came apart in its first epoch
    assert claim.decide({fast: learns, slow: apart}).word == "holds in direction"
    failed = claim.decide({fast: apart, slow: learns})
    assert failed.word == "not at this scale"
    assert f"3 of the runs {fast} never got there" in failed.sentence


def test_degradation_needs_the_deeper_plain_network_to_be_worse():
    claim = claims.claim("degradation")
    ends = {"plain-20": 30.0, "plain-56": 40.0, "ResNet-20": 28.0, "ResNet-56": 22.0}
    runs = {arm: [made(arm, seed, [end + seed / 2]) for seed in range(3)] for arm, end in ends.items()}
    assert claim.decide(runs).word == "holds"
    assert claim.decide(mixed(runs)).word == "not at this scale"
    turned = {**runs, "plain-20": runs["plain-56"], "plain-56": runs["plain-20"]}
    assert claim.decide(turned).word == "does not hold"
    for end in (33, 27.9):  # surely worse, and not surely better
        no_better = {**runs, "ResNet-56": [made("ResNet-56", seed, [end + seed / 2]) for seed in range(3)]}
        assert claim.decide(no_better).word == "holds in direction"


@pytest.mark.parametrize(("gain", "word"), [(2.0, "holds"), (0.0, "not at this scale"), (-2.0, "does not hold")])
def test_response_normalisation_is_judged_by_the_test_error(gain, word):
    runs = {
        "with LRN": [made("with LRN", seed, [20.0], 30 + 0.1 * seed) for seed in range(3)],
        "without LRN": [made("without LRN", seed, [20.0], 30 + gain + 0.1 * seed) for seed in range(3)],
    }
    assert claims.claim("lrn_cifar").decide(runs).word == word


def test_dropout_is_judged_by_the_gap_and_by_the_epochs():
    claim = claims.claim("dropout_iterations")
    runs = {
        "with dropout": [made("with dropout", seed, falling(80, 0.85, seed), 30.0) for seed in range(3)],
        "without": [made("without", seed, falling(80, 0.7, seed), 35.0) for seed in range(3)],
    }
    assert claim.decide(runs).word in ("holds", "holds in direction")
    assert claim.decide(swapped(runs)).word == "does not hold"


@pytest.mark.parametrize(("apart", "word"), [(0.3, "holds"), (5.0, "does not hold")])
def test_the_shortcut_options_differ_little_within_a_point(apart, word):
    runs = {
        f"option {name}": [made(name, seed, [20.0], 30 + place * apart + 0.05 * seed) for seed in range(3)]
        for place, name in enumerate("ABC")
    }
    assert claims.claim("shortcut_options").decide(runs).word == word


@pytest.mark.parametrize("id", [id for id, kind in claims.CLAIMS.items() if kind == "counting"])
def test_a_count_leaves_results_a_figure_and_a_paragraph(id, tmp_path):
    verdict = claims.run(claims.claim(id), claims.Settings(tmp_path))
    kept = claims.read(tmp_path)
    assert claims.verdict_of(kept) == verdict
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / "figure.svg").read_text()
    assert verdict.word in (tmp_path / "verdict.md").read_text()


def exchanged(results: dict, one: str, other: str) -> dict:
    return {**results, one: results[other], other: results[one]}


EXCHANGED = {
    "depth_and_error": ("2012 AlexNet", "2015 ResNet"),
    "parameter_counts": ("AlexNet", "GoogLeNet"),
    "where_parameters_sit": ("AlexNet", "ResNet-50"),
    "three_3x3": ("stack", "single"),
    "two_3x3": ("stack", "single"),
    "googlenet_12x": ("AlexNet", "GoogLeNet"),
    "resnet152_cheaper_than_vgg": ("VGG-16", "ResNet-152"),
}


@pytest.mark.parametrize("id", [id for id, kind in claims.CLAIMS.items() if kind == "counting"])
def test_a_count_does_not_hold_with_its_figures_exchanged(id):
    claim, right = claims.claim(id), claims.committed(id)["results"]
    wrong = (
        exchanged(right, *EXCHANGED[id])
        if id in EXCHANGED
        else {module: exchanged(kinds, "naive", "reduced") for module, kinds in right.items()}
    )
    assert claim.judge(right).word != "does not hold"
    assert claim.judge(wrong).word == "does not hold"


def test_a_count_that_is_off_does_not_hold():
    claim = claims.claim("parameter_counts")
    right = claims.committed(claim.id)["results"]
    assert claim.judge({**right, "GoogLeNet": 13_378_280}).word == "does not hold"
    stacks = claims.claim("three_3x3")
    counted = claims.committed(stacks.id)["results"]
    assert stacks.judge({**counted, "stack": {**counted["stack"], "field": 5}}).word == "does not hold"


def test_every_claim_has_a_row_and_a_rule():
    for id, kind in claims.CLAIMS.items():
        claim = claims.claim(id)
        assert (claim.id, claim.kind) == (id, kind)
        assert claims.statement(id)["where"]
        assert claim.rule.endswith(".")


GAINS = ["overlap_pool", "small_filters", "auxiliary_heads", "googlenet_gap", "identity_shortcuts"]


@pytest.mark.parametrize("id", GAINS)
def test_a_gain_is_judged_by_the_test_errors(id):
    claim = claims.claim(id)
    better, worse = (arm.name for arm in claim.arms)
    runs = {
        better: [made(better, seed, [20.0], 30 + 0.1 * seed) for seed in range(3)],
        worse: [made(worse, seed, [20.0], 38 + 0.1 * seed) for seed in range(3)],
    }
    assert claim.decide(runs).word == "holds"
    assert claim.decide(swapped(runs)).word == "does not hold"
    assert claim.decide(mixed(runs)).word == "not at this scale"


def test_augmentation_is_judged_by_the_gap_and_not_by_the_test_error():
    claim = claims.claim("augmentation")
    runs = {
        "with augmentation": [made("with augmentation", seed, [36.0], 40 + 0.1 * seed) for seed in range(3)],
        "without augmentation": [made("without augmentation", seed, [10.0], 38 + 0.1 * seed) for seed in range(3)],
    }
    assert claim.decide(runs).word == "holds"
    assert claim.decide(swapped(runs)).word == "does not hold"
    assert claim.decide(mixed(runs)).word == "not at this scale"


def test_depth_is_judged_from_a_to_d_and_step_by_step():
    claim = claims.claim("vgg_depth")
    ends = dict(zip("ABCDE", (30, 28, 26, 24, 24), strict=True))
    runs = {arm: [made(arm, seed, [20.0], end + 0.1 * seed) for seed in range(3)] for arm, end in ends.items()}
    assert claim.decide(runs).word == "holds"
    assert claim.decide({**runs, "B": runs["A"], "A": runs["B"]}).word == "holds in direction"
    assert claim.decide({**runs, "D": runs["A"], "A": runs["D"]}).word == "does not hold"
