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
    """The same runs dealt out anew, so that each arm has as many of each arm."""
    arms = list(runs.values())
    dealt = [[arms[(place + seed) % len(arms)][seed] for seed in range(len(own))] for place, own in enumerate(arms)]
    return dict(zip(runs, dealt, strict=True))


# arm by arm: the factor by which the training error falls in an epoch, and the test error at the end
GAIN = (0.7, 30), (0.7, 38)
EFFECTS = {
    "relu_6x": {"ReLU": (0.5, 30), "tanh": (0.85, 30)},
    "bn_speed": {"with batch norm": (0.5, 30), "without": (0.85, 30)},
    "dropout_iterations": {"with dropout": (0.85, 30), "without": (0.7, 35)},
    "degradation": {"plain-20": (0.85, 30), "plain-56": (0.95, 60), "ResNet-20": (0.83, 28), "ResNet-56": (0.7, 25)},
    "shortcut_options": {"option A": (0.7, 30), "option B": (0.7, 35), "option C": (0.7, 40)},  # which does not hold
    "augmentation": {"with augmentation": (0.9, 40), "without augmentation": (0.75, 38)},
    "vgg_depth": dict(zip("ABCDE", ((0.7, end) for end in (32, 30, 28, 26, 26)), strict=True)),
    "lrn_cifar": dict(zip(("with LRN", "without LRN"), GAIN, strict=True)),
    "overlap_pool": dict(zip(("overlapping", "apart"), GAIN, strict=True)),
    "small_filters": dict(zip(("pairs of 3 x 3", "one 5 x 5"), GAIN, strict=True)),
    "auxiliary_heads": dict(zip(("with heads", "without"), GAIN, strict=True)),
    "googlenet_gap": dict(zip(("averaged", "fully connected"), GAIN, strict=True)),
    "identity_shortcuts": dict(zip(("identity", "halved"), GAIN, strict=True)),
}


def effect(id: str) -> dict[str, list[Run]]:
    """Runs in which the arms differ, twice as many of each as there are arms."""
    arms = EFFECTS[id].items()
    return {
        arm: [made(arm, seed, falling(80, factor, seed), end + 0.1 * seed) for seed in range(2 * len(arms))]
        for arm, (factor, end) in arms
    }


@pytest.mark.parametrize("id", [id for id, kind in claims.CLAIMS.items() if kind == "training"])
def test_a_verdict_by_training_changes_with_its_runs_shuffled_and_with_the_treatment_removed(id):
    claim, runs = claims.claim(id), effect(id)
    assert [*runs] == [arm.name for arm in claim.arms]
    differing = id == "shortcut_options"  # whose statement is that nothing differs
    assert (claim.decide(runs).word == "does not hold") == differing
    assert claim.decide(runs).word != "not at this scale"
    assert claim.decide(mixed(runs)).word == "not at this scale"
    removed = dict.fromkeys(runs, next(iter(runs.values())))
    assert claim.decide(removed).word == ("holds" if differing else "not at this scale")


@pytest.mark.parametrize("id", sorted(EFFECTS.keys() - {"vgg_depth", "shortcut_options", "degradation"}))
def test_a_verdict_by_training_turns_round_with_its_arms(id):
    assert claims.claim(id).decide(swapped(effect(id))).word == "does not hold"


@pytest.mark.parametrize("id", EFFECTS)
def test_runs_that_show_no_spread_decide_nothing(id):
    alike = {arm: [own[0], own[0]] for arm, own in effect(id).items()}
    found = claims.claim(id).decide(alike)
    assert found.word == "not at this scale"
    assert "no interval" in found.sentence


FAST_AND_SLOW = {
    "relu_6x": ("ReLU", "tanh"),
    "bn_speed": ("with batch norm", "without"),
}


@pytest.mark.parametrize("id", FAST_AND_SLOW)
def test_a_run_that_never_gets_there_is_not_the_fastest(id):
    fast, slow = FAST_AND_SLOW[id]
    claim, learns = claims.claim(id), [made("", seed, falling(80, 0.5, seed)) for seed in range(3)]
    apart = [made("", seed, [90.0]) for seed in range(3)]  # each came apart in its first epoch
    told = claim.decide({fast: learns, slow: apart})
    assert told.word == "holds in direction"
    assert f"{slow}: 3 of 3 runs never got there, which counts as the longest of all." in told.sentence
    failed = claim.decide({fast: apart, slow: learns})
    assert failed.word == "not at this scale"
    assert f"{fast}: 3 of 3 runs never got there" in failed.sentence


def test_degradation_needs_the_deeper_plain_network_to_be_worse():
    claim = claims.claim("degradation")
    ends = {"plain-20": 30.0, "plain-56": 40.0, "ResNet-20": 28.0, "ResNet-56": 22.0}
    runs = {arm: [made(arm, seed, [end + seed / 2]) for seed in range(3)] for arm, end in ends.items()}
    assert claim.decide(runs).word == "holds"
    turned = {**runs, "plain-20": runs["plain-56"], "plain-56": runs["plain-20"]}
    assert claim.decide(turned).word == "does not hold"
    for end in (33, 27.9):  # surely worse, and not surely better
        no_better = {**runs, "ResNet-56": [made("ResNet-56", seed, [end + seed / 2]) for seed in range(3)]}
        assert claim.decide(no_better).word == "holds in direction"


def test_dropout_is_judged_by_the_gap_and_by_the_epochs():
    claim, runs = claims.claim("dropout_iterations"), effect("dropout_iterations")
    never = {"with dropout": [made("", seed, [85.0 + seed] * 10, 90.0) for seed in range(3)]}
    assert claim.decide({**runs, **never}).word == "holds"
    ends = dict(zip(runs, (90, 99), strict=True))
    late = {arm: [made("", seed, [80.0 + seed] * 10, end) for seed in range(3)] for arm, end in ends.items()}
    assert claim.decide(late).word == "not at this scale", "a narrower gap alone is not enough"
    as_wide = {**runs, "without": [made("", seed, falling(80, 0.7, seed), 18 - 2.0 * seed) for seed in range(3)]}
    found = claim.decide(as_wide)
    assert (found.word, found.unit) == ("not at this scale", " points"), "what decides is told"


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


def test_depth_is_judged_from_a_to_d_and_step_by_step():
    claim = claims.claim("vgg_depth")
    ends = dict(zip("ABCDE", (30, 28, 26, 24, 24), strict=True))
    runs = {arm: [made(arm, seed, [20.0], end + 0.1 * seed) for seed in range(3)] for arm, end in ends.items()}
    assert claim.decide(runs).word == "holds"
    assert claim.decide({**runs, "B": runs["A"], "A": runs["B"]}).word == "holds in direction"
    assert claim.decide({**runs, "D": runs["C"]}).word == "holds in direction"  # it falls on to E
    assert claim.decide({**runs, "D": runs["A"], "A": runs["D"]}).word == "does not hold"
