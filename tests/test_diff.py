"""`lit-cnns diff A B`: what stayed, what changed, what came and what went, layer by layer."""

import json

import pytest

from lit_cnns import papers
from lit_cnns.cli import main

PAIRS = [
    *(("vgg_c", "vgg_d"), ("resnet50", "resnet50_v15"), ("alexnet", "alexnet_owt"), ("alexnet", "zfnet")),
    *(("plain34", "resnet34_a"), ("googlenet", "inception_v2"), ("lenet5", "resnet1202_cifar")),
]


def data(capsys, a: str, b: str) -> dict:
    assert main(["diff", a, b, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def lines(capsys, *words: str) -> list[str]:
    assert main(["diff", *words]) == 0
    return capsys.readouterr().out.splitlines()


def marked(capsys, a: str, b: str, mark: str) -> list[str]:
    rows = data(capsys, a, b)["layers"]
    return [(row["b"] or row["a"])["name"] for row in rows if row["mark"] == mark]


@pytest.mark.parametrize("pair", PAIRS)
def test_both_networks_can_be_read_off_in_order(capsys, pair):
    found = data(capsys, *pair)["layers"]
    for side, name in zip("ab", pair, strict=True):
        assert [row[side]["name"] for row in found if row[side]] == [row["name"] for row in papers.layer_table(name)]


@pytest.mark.parametrize("pair", PAIRS)
def test_no_line_is_wider_than_110_columns(capsys, pair):
    assert max(map(len, lines(capsys, *pair))) <= 110


def test_vgg_c_and_d_differ_in_three_kernels(capsys):
    assert marked(capsys, "vgg_c", "vgg_d", "~") == ["conv3_3", "conv4_3", "conv5_3"]
    assert marked(capsys, "vgg_c", "vgg_d", "+") == marked(capsys, "vgg_c", "vgg_d", "-") == []
    text = "\n".join(lines(capsys, "vgg_c", "vgg_d"))
    assert "settings: 1x1 256 relu -> 3x3 256 pad 1 relu" in text
    assert "conv1_1 to conv3_2: 8 equal layers" in text


def test_the_stride_of_v15_is_found_inside_its_blocks(capsys):
    changes = next(row for row in data(capsys, "resnet50", "resnet50_v15")["layers"] if row["b"]["name"] == "conv3_1")
    assert changes["changes"]["inside, conv1"] == ["conv 1x1 128 /2 BN relu", "conv 1x1 128 BN relu"]
    assert changes["changes"]["inside, conv2"] == ["conv 3x3 128 pad 1 BN relu", "conv 3x3 128 /2 pad 1 BN relu"]
    assert "parameters" not in data(capsys, "resnet50", "resnet50_v15")["totals"]


def test_a_residual_network_adds_sums_and_shortcuts_to_its_plain_twin_and_no_weight(capsys):
    found = data(capsys, "plain34", "resnet34_a")
    assert {row["mark"] for row in found["layers"]} == {" ", "~"}
    assert found["totals"] == found["recipe"] == {}


def test_layers_that_one_network_lacks_are_marked(capsys):
    assert marked(capsys, "alexnet", "alexnet_owt", "-") == ["norm1", "norm2", "drop7"]
    assert marked(capsys, "alexnet", "alexnet_owt", "+") == ["drop5"]


def test_blocks_that_are_only_more_share_a_row(capsys):
    assert any(line.startswith("+  conv4_7..23  bottleneck_id x17 ") for line in lines(capsys, "resnet50", "resnet101"))


def test_all_shows_equal_layers_and_each_block(capsys):
    text = "\n".join(lines(capsys, "resnet50", "resnet101", "--all"))
    assert "equal layers" not in text
    assert all(f" {row['name']} " in text for row in papers.layer_table("resnet101"))


def test_totals_and_recipes_are_compared_at_the_end(capsys):
    found = data(capsys, "alexnet", "zfnet")
    assert found["totals"]["parameters"] == ["60,965,224", "62,357,608"]
    assert found["recipe"]["epochs"] == ["90", "70"]
    assert "lr" not in found["recipe"]
    assert "+ epochs         70" in lines(capsys, "alexnet", "zfnet")


def test_a_network_does_not_differ_from_itself(capsys):
    found = data(capsys, "resnet50", "resnet50")
    assert {row["mark"] for row in found["layers"]} == {" "}
    assert found["totals"] == found["recipe"] == {}
    assert lines(capsys, "vgg16", "vgg_d")[-4:] == [
        *("  no difference", "", "the recipe, as the papers have it:", "  no difference"),
    ]
