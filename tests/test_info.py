"""`lit-cnns info`: everything that the papers' data says of a network, in 110 columns, and the same as JSON."""

import json
import subprocess
import sys

import pytest

from lit_cnns import papers
from lit_cnns.cli import main
from lit_cnns.commands.description import describe
from lit_cnns.papers.words import branches, folded, settings

every_network = pytest.mark.parametrize("name", papers.rows())


def shown(capsys, *words: str) -> list[str]:
    assert main(["info", *words]) == 0
    return capsys.readouterr().out.splitlines()


@every_network
def test_every_layer_is_a_row_with_its_counts_and_what_it_sees(capsys, name):
    lines = {line.split()[0]: line for line in reversed(shown(capsys, name, "--all")) if line.strip()}
    for layer in papers.layer_table(name):
        line = lines[layer["name"]]
        assert f" {layer.get('module', layer['op'])} " in line
        counts = [f"{layer[key]:,}" for key in ("params", "macs") if layer.get(key)]
        field = papers.receptive_fields(name)[layer["name"]]
        assert line.split()[-len(counts) - 2 :] == [*counts, str(field.size), str(field.stride)]


@every_network
def test_no_line_is_wider_than_110_columns(capsys, name):
    assert max(map(len, shown(capsys, name))) <= 110


def test_equal_blocks_share_a_row_that_counts_them_all(capsys):
    line = next(line for line in shown(capsys, "resnet152") if line.startswith("conv4_2..36 "))
    assert "bottleneck_id x35" in line
    blocks = papers.layer_table("resnet152")
    both = [sum(row[key] for row in blocks if row["name"].startswith("conv4_")) for key in ("params", "macs")]
    first = next(row for row in blocks if row["name"] == "conv4_1")
    assert line.split()[-4:-1] == [f"{both[0] - first['params']:,}", f"{both[1] - first['macs']:,}", "1315"]


@every_network
def test_the_rows_shown_add_up_to_the_total(name):
    for key in ("params", "macs"):
        assert sum(row.get(key, 0) for row in folded(describe(name)["layers"])) == papers.row(name)[key]["total"]


def test_layers_with_weights_of_their_own_names_are_not_folded():
    assert [row["name"] for row in folded(describe("vgg16")["layers"])][:2] == ["conv1_1", "conv1_2"]


def test_a_convolution_reads_kernel_maps_stride_and_what_follows():
    rows = {row["name"]: settings(row) for row in papers.layer_table("resnet50")}
    assert rows["conv1"] == "7x7 64 /2 pad 3 BN relu"
    assert rows["conv3_1"] == "w=128 c=512 s=2"
    assert settings(papers.layer_table("alexnet")[1]) == "n=5 alpha=1e-4 beta=0.75 k=2 2 towers"


def test_the_ways_through_a_module_are_a_line_each():
    assert branches(papers.modules("resnet")["bottleneck_proj"], ["w", "c"]) == [
        "in > conv1 1x1 w > conv2 3x3 w > conv3 1x1 c",
        "in > shortcut 1x1 c",
        "sum = shortcut + conv3, relu",
    ]


def test_recipe_configurations_errors_choices_and_namesakes_are_all_told(capsys):
    text = "\n".join(" ".join(line.split()) for line in shown(capsys, "vgg16"))
    for part in (
        "\nbatch size 256\n",
        "vgg_d/imagenet_scale_jitter",
        "\ntop1 27.0 top5 8.8 ILSVRC-2012 val dense, S=256, Q=256\n",
        "- torchvision.vgg16, the same network: 138,357,544 parameters",
    ):
        assert part in text


def test_a_variant_that_refers_to_the_main_network_tells_its_recipe():
    assert describe("caffenet")["recipe"] == papers.row("alexnet")["recipe"]
    assert describe("bn_inception_table")["recipe"] == papers.row("bn_inception")["recipe"]


@every_network
def test_json_is_the_same_data(capsys, name):
    assert main(["info", name, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data == json.loads(json.dumps(describe(name)))
    assert [row["name"] for row in data["layers"]] == [row["name"] for row in papers.layer_table(name)]
    assert data["params"]["total"] == papers.row(name)["params"]["total"]


@pytest.mark.parametrize("words", [["info", "vgg16"], ["diff", "vgg_c", "vgg_d"]])
def test_no_torch_is_imported(words):
    code = f"import sys; from lit_cnns.cli import main; main({words}); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
