"""The sentences as told: each has its test in both languages, and its verdict follows from networks and data."""

import copy
import re
import string
from dataclasses import replace

import pytest
from torch import nn

from lit_cnns import papers
from lit_cnns.claims import gradient_norms, told
from lit_cnns.claims.counting import without_weights
from lit_cnns.claims.told.finding import Checked, Sources
from lit_cnns.claims.told.texts import text
from lit_cnns.cli import main

IDS = [row["id"] for row in papers.told()["statements"]]
every_sentence = pytest.mark.parametrize("id", IDS)


@pytest.fixture(scope="module")
def found() -> dict[str, told.Finding]:
    return {one.id: one for one in told.check_all()}


def kept(word: str, results: dict | None = None, value: tuple[float, float, float] | None = None) -> dict:
    """What a claim's run leaves."""
    interval = value and dict(zip(("value", "low", "high"), value, strict=True))
    return {"verdict": {"word": word, "sentence": "", "value": interval}, "results": results or {}}


def claims_say(**said: dict) -> Sources:
    return Sources(claim=said.get)


def network_with(name: str, change) -> Sources:
    """The real networks, but for one that is changed."""

    def network(asked: str) -> nn.Module:
        net = without_weights(asked)
        return change(net) or net if asked == name else net

    return Sources(network=network)


def test_there_is_a_check_for_every_sentence_and_no_other(found):
    assert list(told.CHECKS) == list(found) == IDS
    assert len(IDS) >= 33


@every_sentence
def test_a_sentence_is_whole_in_both_languages(id, found):
    one = found[id]
    for language in ("en", "ko"):
        assert one.told(language)
        assert one.test(language).endswith(".")
        assert len(one.parts(language)) == len(one.checked.parts)
        assert not re.search(r"[{}]", one.found(language))
    assert set(text(id)["parts"]) == set(one.checked.parts)
    assert re.search(r"[가-힣]", one.told("ko") + one.test("ko"))
    for line in text(id)["found"]:
        gaps = [{name for _, name, *_ in string.Formatter().parse(line[language])} for language in ("en", "ko")]
        assert gaps[0] == gaps[1], "both languages say the same figures"


def test_a_finding_has_its_figures_in_both_languages(found):
    for language in ("en", "ko"):
        for id, figures in {"googlenet_12x": ["60,965,224", "8.7"], "stack_fewer": ["18", "25", "27", "49"]}.items():
            assert all(figure in found[id].found(language) for figure in figures)


@pytest.mark.parametrize(
    ("parts", "word"),
    [
        ({"a": True, "b": True}, "right"),
        ({"a": True, "b": False}, "right in part"),
        ({"a": "right in part"}, "right in part"),
        ({"a": False, "b": False}, "differs"),
        ({"a": False, "b": "no measurement"}, "differs"),
        ({"a": True, "b": "no measurement"}, "right in part"),
        ({"a": "no measurement"}, "not measurable"),
        ({"a": True, "b": "not at this scale"}, "not at this scale"),
        ({"a": True, "b": "not yet run", "c": "not at this scale"}, "runnable, not yet run"),
    ],
)
def test_one_rule_makes_the_verdict_of_the_parts(parts, word):
    assert Checked(parts, {}).word() == word


def test_what_the_papers_do_not_say_differs(found):
    words = {id: one.word for id, one in found.items()}
    for id in ("all_3x3", "vgg_beyond_19", "params_exponential", "conv_shrinks"):
        assert words[id] == "differs"
    for id in ("towers", "rotation", "no_maxpool_fc_dropout", "googlenet_12x", "crop_from_larger", "vgg_second"):
        assert words[id] == "right in part"
    for id in ("eight_layers", "six_models", "stack_fewer", "one_by_one", "layers_19_22_152", "bottleneck_saves"):
        assert words[id] == "right"


def test_towers_that_stay_apart_make_the_sentence_right():
    def apart(net: nn.Module) -> None:
        for name in ("fc6", "fc7", "fc8"):
            setattr(net, name, nn.Conv2d(256, 256, 1, groups=2))

    assert told.check("towers", network_with("alexnet", apart)).word == "right"

    one_tower = network_with("alexnet", lambda net: without_weights("alexnet_ungrouped"))
    assert told.check("towers", one_tower).checked.standings()["halves"] == "differs"


def test_a_vgg_without_configuration_c_is_all_3x3_and_no_longer_six():
    rows = {name: row for name, row in papers.rows().items() if name != "vgg_c"}
    without_c = Sources(rows=lambda: rows)
    assert told.check("all_3x3", without_c).word == "right"
    assert told.check("six_models", without_c).word == "right in part"


def test_a_convolution_without_padding_shrinks():
    def bare(net: nn.Module) -> None:
        net.conv1_1.padding = (0, 0)

    assert told.check("conv_shrinks", network_with("vgg_e", bare)).word == "right"


def test_batch_norm_in_the_first_version_would_contradict():
    changed = network_with("googlenet", lambda net: without_weights("bn_inception"))
    assert told.check("bn_added", changed).word == "right in part"


def test_a_plain_block_does_not_learn_a_difference():
    from lit_cnns import lineage

    plain = Sources(built=lambda name: lineage.build("plain20_cifar").net)
    assert told.check("residual_learns_difference", plain).word == "differs"


def test_dropout_in_resnet_and_no_pool_turn_the_sentence_round():
    def changed(net: nn.Module) -> None:
        net.pool1 = nn.Dropout()

    nets = {name: without_weights(name) for name in ("resnet18_b", "resnet34_b", "resnet50", "resnet101", "resnet152")}
    for net in nets.values():
        changed(net)
    parts = dict(told.check("no_maxpool_fc_dropout", Sources(network=nets.__getitem__)).parts())
    assert parts == {"no max-pooling": "right", "no hidden fully connected layers": "right", "no dropout": "differs"}


def test_the_challenge_with_other_winners_gives_another_verdict():
    other = copy.deepcopy(papers.ilsvrc())
    year = {winner["year"]: winner for winner in other["winners"]}
    year[2014]["runner_up"] = "MSRA 8.1"
    assert dict(told.check("vgg_second", Sources(ilsvrc=lambda: other)).parts())["VGG was second in 2014"] == "differs"
    year[2015]["top5_error"], year[2015]["weight_layers"] = 20.0, 5
    assert told.check("depth_of_winners", Sources(ilsvrc=lambda: other)).word == "differs"


def test_a_recipe_that_rotates_makes_the_sentence_right():
    row = copy.deepcopy(papers.row("alexnet"))
    row["recipe"]["augmentation"].append("random rotation by up to 10 degrees")
    assert told.check("rotation", Sources(row=lambda name: row)).word == "right"


def test_a_sentence_takes_the_verdict_of_its_claim_once_it_is_there(found):
    nothing = Sources(claim=lambda id: None, times=lambda: None)
    for id in ("relu_6x", "deeper_is_easier", "vanishing_exploding", "towers_specialise", "stack_nonlinear"):
        assert told.check(id, nothing).word == "runnable, not yet run"
    six = claims_say(relu_6x=kept("holds", value=(5.9, 5.0, 6.9)))
    assert told.check("relu_6x", six).word == "right"
    assert "5.9 (95 % interval 5 to 6.9)" in told.check("relu_6x", six).found()
    assert "5.9(95 % 구간 5 ~ 6.9)" in told.check("relu_6x", six).found("ko")
    unsure = {(2.0, 1.5, 2.6): "right in part", (0.5, 0.4, 0.6): "differs", (1, 0.8, 1.2): "not at this scale"}
    for value, word in unsure.items():
        assert told.check("relu_6x", claims_say(relu_6x=kept("", value=value))).word == word
    of_claims = {"holds": "right", "holds in direction": "right in part", "does not hold": "right in part"}
    for of_claim, word in of_claims.items():
        assert told.check("stack_nonlinear", claims_say(small_filters=kept(of_claim))).word == word


def test_gradients_are_told_by_what_reaches_the_first_layer():
    def shares(**of: float) -> Sources:
        names = zip(("sigmoid", "plain", "residual"), ("sigmoid", *gradient_norms.NORMALISED), strict=True)
        kinds = {kind: of.get(name, 1.0) for name, kind in names}
        found = {
            kind: {
                str(depth): {moment: {"shares": [share, 1.1 * share, 0.9 * share]} for moment in ("start", "later")}
                for depth in gradient_norms.DEPTHS
            }
            for kind, share in kinds.items()
        }
        return claims_say(gradient_norms=kept("holds", found))

    real = told.check("vanishing_exploding", shares(sigmoid=1e-9))
    parts = {"vanish": "right", "explode": "differs", "later": "right", "residual": "differs"}
    assert real.checked.standings() == parts
    assert real.word == "right in part"
    assert "시그모이드 9.97e-10(95 % 구간" in real.found("ko")
    needed = told.check("vanishing_exploding", shares(sigmoid=1e-9, plain=1e9)).checked.standings()
    assert needed == {"vanish": "right", "explode": "right", "later": "differs", "residual": "right"}
    assert told.check("vanishing_exploding", shares(plain=1e9, residual=1e9)).checked.standings()["vanish"] == "differs"


def test_towers_are_told_by_the_claim_with_its_networks():
    apart, mixed = [0.1, 0.12, 0.11, 0.13, 0.1, 0.9, 0.92, 0.91, 0.93, 0.9], [0.5] * 10
    runs = {"two towers": [{"index": apart}] * 2, "one": [{"index": mixed}] * 2}
    found = told.check("towers_specialise", claims_say(towers_specialise=kept("holds", {"runs": runs})))
    assert found.word == "right"
    assert "in 2 of 2 networks with two towers and in 0 of 2 without" in found.found()


def test_depth_is_judged_by_the_runs_of_degradation():
    ends = {"plain-20": (30.0, 35.0), "plain-56": (40.0, 45.0), "ResNet-20": (25.0, 32.0), "ResNet-56": (20.0, 28.0)}

    def ran(ends: dict[str, tuple[float, float]]) -> Sources:
        runs = [
            {"arm": arm, "curve": [{"train_error": train + seed / 10}], "test_error": test + seed / 10}
            for arm, (train, test) in ends.items()
            for seed in range(3)
        ]
        return claims_say(degradation=kept("holds", {"runs": runs}))

    assert told.check("deeper_is_easier", ran(ends)).word == "right"
    turned = {**ends, "ResNet-56": ends["plain-56"], "plain-56": ends["ResNet-56"]}
    assert told.check("deeper_is_easier", ran(turned)).word == "differs"


def test_sentences_on_time_are_judged_by_what_was_measured():
    def measured(stack: float, residual: float) -> Sources:
        conditions = {"width": 64, "side": 56, "batch": 4, "rounds": 9}
        around = lambda value: [value, value - 0.05, value + 0.05]  # noqa: E731
        times = {
            "stacks": {"five": {"ratio": around(stack)}, "seven": {"ratio": around(1.5)}, "conditions": conditions},
            "residual": {"ratio": around(residual), "conditions": conditions},
        }
        return replace(Sources(), times=lambda: times)

    assert told.check("stack_faster", measured(1.3, 1.0)).word == "right"
    assert told.check("stack_faster", measured(0.9, 1.0)).word == "right in part"
    assert told.check("residual_backprop_cheaper", measured(1.3, 1.2)).word == "right"
    assert told.check("residual_backprop_cheaper", measured(1.3, 0.9)).word == "differs"
    assert told.check("residual_backprop_cheaper", measured(1.3, 0.99)).word == "differs"
    assert told.check("residual_backprop_cheaper", measured(1.3, 1.04)).word == "not at this scale"


def test_the_command_prints_every_sentence_with_its_verdict(capsys, found):
    assert main(["claim", "told"]) == 0
    printed = capsys.readouterr().out
    for id, one in found.items():
        assert f"{id}: {one.word}\n" in printed
    assert f"{len(IDS)} sentences: " in printed
